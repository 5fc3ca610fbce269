import { stringify } from "yaml";
import { ADDRESSES, CLUSTER_DOMAIN, INSIDE, PORTS } from "../layout.ts";
import type { Credentials } from "./credentials.ts";

/** Settings of the container runtime. */
export interface ContainerdSettings {
  readonly sandboxImage: string;
  readonly snapshotter: "overlayfs" | "native";
  readonly runc: string;
  readonly cniPlugins: string;
  readonly cniConfig: string;
}

/** containerd's configuration (version 2, TOML). Strings are quoted as JSON, which TOML's basic strings contain. */
export function renderContainerdConfig(settings: ContainerdSettings): string {
  const q = (value: string) => JSON.stringify(value);
  // Snapshotters that would probe devices or create folders outside the state folder.
  const disabled = ["aufs", "btrfs", "devmapper", "zfs"].map((name) => q(`io.containerd.snapshotter.v1.${name}`));
  return `version = 2
root = ${q(INSIDE.containerdRoot)}
state = ${q(INSIDE.containerdState)}
disabled_plugins = [${disabled.join(", ")}, "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = ${q(INSIDE.containerdSocket)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${q(INSIDE.containerdOpt)}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${q(settings.sandboxImage)}
  disable_tcp_service = true
  # Lowering the score needs CAP_SYS_RESOURCE, which containers and some CI machines lack.
  restrict_oom_score_adj = true
  # Loading a profile would change the host's kernel.
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${q(settings.snapshotter)}
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = ${q(settings.runc)}
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${q(settings.cniPlugins)}
    conf_dir = ${q(settings.cniConfig)}
`;
}

/**
 * The pods' network. Pods are routed one by one (ptp) rather than bridged: then replies of a Service on the same node
 * pass the node's address translation without the bridge netfilter module.
 */
export function renderPodNetwork(): string {
  const network = {
    cniVersion: "1.0.0",
    name: "pods",
    plugins: [
      {
        type: "ptp",
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: ADDRESSES.pods }]],
          routes: [{ dst: "0.0.0.0/0" }],
          dataDir: INSIDE.cniData,
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
  return `${JSON.stringify(network, undefined, 2)}\n`;
}

/** The kubelet's configuration file. */
export function renderKubeletConfig(settings: {
  readonly credentials: Credentials;
  readonly cgroup: string;
  readonly resolvConf: string;
}): string {
  return stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: ADDRESSES.node,
    port: PORTS.kubelet,
    readOnlyPort: 0,
    healthzBindAddress: "127.0.0.1",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: settings.credentials.authority },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: settings.credentials.kubelet.certificate,
    tlsPrivateKeyFile: settings.credentials.kubelet.key,
    containerRuntimeEndpoint: `unix://${INSIDE.containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${settings.cgroup}`,
    enforceNodeAllocatable: ["pods"],
    failCgroupV1: false,
    failSwapOn: false,
    // Lowering the score and raising the limit both need CAP_SYS_RESOURCE.
    oomScoreAdj: 0,
    maxOpenFiles: 20000,
    clusterDNS: [ADDRESSES.dnsService],
    clusterDomain: CLUSTER_DOMAIN,
    resolvConf: settings.resolvConf,
    volumePluginDir: INSIDE.volumePlugins,
    // The disk is the host's, and its fullness not for the rehearsal to manage: neither evict pods nor delete images.
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
      "imagefs.inodesFree": "0%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    containerLogMaxSize: "10Mi",
    containerLogMaxFiles: 2,
    // What the node reports is acted on at once: a GPU patched into its capacity becomes allocatable with the next report.
    nodeStatusUpdateFrequency: "2s",
    syncFrequency: "10s",
  });
}

/** kube-proxy's configuration file. */
export function renderProxyConfig(settings: { readonly kubeconfig: string; readonly node: string }): string {
  return stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig: settings.kubeconfig },
    hostnameOverride: settings.node,
    bindAddress: ADDRESSES.node,
    healthzBindAddress: `127.0.0.1:${PORTS.proxyHealth}`,
    metricsBindAddress: "127.0.0.1:10249",
    detectLocalMode: "InterfaceNamePrefix",
    detectLocal: { interfaceNamePrefix: "veth" },
    iptables: { minSyncPeriod: "0s", syncPeriod: "30s" },
    // The host's connection tracking limits are not the cluster's to change.
    conntrack: { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" },
  });
}
