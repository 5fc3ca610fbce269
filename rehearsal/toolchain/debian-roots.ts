import type { DebianRootSpec } from "./debian.ts";

/**
 * Packages whose work is done by maintainer scripts, or that only those scripts call; they are left out of every root,
 * with what only they need.
 */
export const SCRIPT_HELPERS: readonly string[] = [
  "adduser",
  "debconf",
  "dpkg",
  "init-system-helpers",
  "install-info",
  "lsb-base",
  "openssl",
  "passwd",
  "perl",
  "perl-base",
  "sysvinit-utils",
  "tar",
  "ucf",
  "usrmerge",
];

const xtables = { multiCall: ["xtables-nft-multi", "xtables-legacy-multi"] };

/**
 * What a Kubernetes node needs beside the kubelet, run on the machine itself.
 * Debian 12: etcd 3.4.23, containerd 1.6.20, runc 1.1.5, CNI plugins 1.1.1 (below `root/usr/lib/cni`).
 */
export const NODE_ROOT: DebianRootSpec = {
  packages: [
    "etcd-server",
    "containerd",
    "runc",
    "containernetworking-plugins",
    "iptables",
    "conntrack",
    "iproute2",
    "util-linux",
    "mount",
  ],
  absent: SCRIPT_HELPERS,
  host: {
    programs: {
      etcd: "self",
      containerd: "self",
      "containerd-shim-runc-v2": "self",
      ctr: "self",
      runc: "self",
      conntrack: "self",
      ip: "self",
      nsenter: "self",
      unshare: "self",
      mount: "self",
      umount: "self",
      iptables: xtables,
      "iptables-save": xtables,
      "iptables-restore": xtables,
      ip6tables: xtables,
      "ip6tables-save": xtables,
      "ip6tables-restore": xtables,
    },
  },
  mebibytes: 400,
};

/** Python with pip, which reads the machine's own pip settings (index, proxy, certificates). */
export const PIP_ROOT: DebianRootSpec = {
  packages: ["python3-pip"],
  absent: [...SCRIPT_HELPERS, "build-essential", "python3-dev"],
  host: { programs: { python3: "self" } },
  mebibytes: 200,
};
