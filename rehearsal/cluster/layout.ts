import { createHash } from "node:crypto";
import { join, resolve } from "node:path";

/** Addresses inside a cluster's network. Every cluster has a network namespace of its own, so all use the same. */
export const ADDRESSES = {
  /** The node: API server, kubelet, DNS; the gateway of its pods. */
  node: "10.200.0.1",
  nodePrefix: 24,
  services: "10.96.0.0/16",
  /** First address of the range: `kubernetes.default.svc`. */
  kubernetesService: "10.96.0.1",
  dnsService: "10.96.0.10",
  pods: "10.244.0.0/24",
  /** Pods on simulated nodes get addresses from here; connections to them are refused. */
  fakePods: "10.245.0.0/16",
  fakeNodes: "10.200.1.1",
} as const;

/** TCP ports inside a cluster's network. */
export const PORTS = {
  api: 6443,
  etcd: 2379,
  etcdPeer: 2380,
  kubelet: 10250,
  proxyHealth: 10256,
  dns: 53,
  dnsReady: 8181,
} as const;

/** DNS domain of Services. */
export const CLUSTER_DOMAIN = "cluster.local";

/** Paths that exist inside the cluster's mount namespace only; there `/run` is a tmpfs of its own. */
export const INSIDE = {
  containerdSocket: "/run/containerd/containerd.sock",
  containerdState: "/run/containerd",
  containerdRoot: "/var/lib/containerd",
  containerdOpt: "/var/lib/containerd-opt",
  etcdData: "/run/etcd",
  cniData: "/run/cni",
  kubeletRoot: "/var/lib/kubelet",
  volumePlugins: "/var/lib/kubelet/volume-plugins",
  /** Host folders that something private is mounted over. */
  hidden: ["/run", "/var/lib", "/var/log"],
} as const;

/** Where everything of one cluster lies below its state folder. */
export interface Layout {
  readonly root: string;
  readonly stateFile: string;
  readonly lockFile: string;
  readonly kubeconfig: string;
  readonly config: string;
  readonly certificates: string;
  readonly logs: string;
  /** Sockets that both the host and the cluster's network use. */
  readonly sockets: string;
  readonly forwardSocket: string;
  readonly controlSocket: string;
  /** Mounted over `/var/lib` and `/var/log` inside. */
  readonly variable: string;
  readonly temporary: string;
  /** Appears when the namespaces are ready. */
  readonly namespacesReady: string;
}

/** The layout below a state folder. */
export function layoutOf(stateDir: string): Layout {
  const root = resolve(stateDir);
  const below = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    stateFile: below("state.json"),
    lockFile: below("lock"),
    kubeconfig: below("kubeconfig.yaml"),
    config: below("config"),
    certificates: below("config", "certificates"),
    logs: below("logs"),
    sockets: below("run"),
    forwardSocket: below("run", "forward.sock"),
    controlSocket: below("run", "control.sock"),
    variable: below("var"),
    temporary: below("tmp"),
    namespacesReady: below("run", "namespaces-ready"),
  };
}

/**
 * What marks everything of the cluster in a state folder: the control groups' name, and the value of the environment
 * variable its processes carry. Derived from the folder alone, so that leftovers are found without any record.
 */
export function clusterId(stateDir: string): string {
  return `vllm-stack-${createHash("sha256").update(resolve(stateDir)).digest("hex").slice(0, 12)}`;
}

/** Name of the node that runs pods. */
export const nodeName = (cluster: string): string => `${cluster}-node`;
