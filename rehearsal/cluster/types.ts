import type { Progress } from "../progress.ts";

/**
 * The programs an embedded cluster is made of, as absolute paths. Where they came from (built, unpacked, installed) is
 * the caller's business.
 */
export interface ClusterTools {
  readonly kubeApiserver: string;
  readonly kubeControllerManager: string;
  readonly kubeScheduler: string;
  readonly kubelet: string;
  readonly kubeProxy: string;
  readonly coredns: string;
  readonly kwok: string;
  /** The folder with the CNI plugins `ptp`, `host-local`, `portmap` and `loopback`. */
  readonly cniPlugins: string;
  /** The folder with {@link SYSTEM_PROGRAMS}, first on the PATH of every daemon. */
  readonly systemPrograms: string;
}

/** What {@link ClusterTools.systemPrograms} holds: binaries, or scripts that start one with its shared libraries. */
export const SYSTEM_PROGRAMS = [
  "etcd",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "runc",
  "iptables",
  "iptables-save",
  "iptables-restore",
  "ip",
  "mount",
  "umount",
  "nsenter",
  "unshare",
] as const;

/** An image archive (OCI image layout in a tar) to be present on the node under its reference. */
export interface ClusterImage {
  /** For instance `localhost/vllm-stack/front:1`. */
  readonly reference: string;
  /** Absolute path of the archive. */
  readonly path: string;
}

/** A loopback port of the host that leads to a Service in the cluster. */
export interface Forward {
  /** Unique among the forwards of a cluster. */
  readonly name: string;
  /** `namespace/service:port`, the port as number or name; resolved anew for every connection. */
  readonly target: string;
  /** TCP port on 127.0.0.1; 0 lets the kernel choose. */
  readonly port: number;
}

/** A simulated node: it exists for the scheduler, pods bound to it turn Ready without running. */
export interface FakeNode {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  /** Quantities by resource, for instance `{ cpu: "192", memory: "2048Gi", "nvidia.com/gpu": "8" }`. */
  readonly capacity: Readonly<Record<string, string>>;
}

/** What {@link startCluster} needs to know. */
export interface StartOptions {
  /** Lower-case letters, digits and dashes; clusters with different names or folders run side by side. */
  readonly name: string;
  readonly tools: ClusterTools;
  /** Must contain a sandbox image: one whose repository ends in `/pause`. */
  readonly images: readonly ClusterImage[];
  /** How many `nvidia.com/gpu` the real node advertises. */
  readonly gpus: number;
  /** Labels of the real node, in addition to the standard ones. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** Absolute path of a folder that belongs to this cluster alone. */
  readonly stateDir: string;
  readonly forwards: readonly Forward[];
  /** Port of the Kubernetes API on 127.0.0.1. @default 0, chosen by the kernel and kept in the kubeconfig */
  readonly apiPort?: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}

/** A forward that listens, with its actual port. */
export interface ActiveForward extends Forward {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
}

/** How long one step of a start took. */
export interface StepTime {
  readonly step: string;
  readonly seconds: number;
}

/** A running cluster. Its daemons outlive this process; `stopCluster` ends them from any process. */
export interface EmbeddedCluster {
  readonly name: string;
  readonly stateDir: string;
  /** Absolute path of a kubeconfig (cluster administrator, verified TLS) for processes of the host. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT`. */
  readonly apiServer: string;
  /** Name of the node that runs pods. */
  readonly nodeName: string;
  /** True if the cluster was already running. */
  readonly adopted: boolean;
  /** Empty if the cluster was adopted. */
  readonly timings: readonly StepTime[];
  /** The forwards that listen now, without the API server's own. */
  forwards(): Promise<readonly ActiveForward[]>;
  /** Listens on a loopback port; the same name and target again is not an error. */
  addForward(forward: Forward): Promise<ActiveForward>;
  removeForward(name: string): Promise<void>;
  /** Creates or updates simulated nodes and waits until they are Ready. */
  addFakeNodes(nodes: readonly FakeNode[]): Promise<void>;
  /** Deletes simulated nodes and the pods on them; names that don't exist are fine. */
  removeFakeNodes(names: readonly string[]): Promise<void>;
  /** Imports image archives the node doesn't have yet. */
  importImages(images: readonly ClusterImage[]): Promise<void>;
  /** A command line that runs `command` inside the cluster's network and mounts, for looking around and for tests. */
  insideCommand(command: readonly string[]): readonly string[];
}

/** Raised for everything a person can act on; the message is complete without a stack trace. */
export class ClusterError extends Error {
  override readonly name = "ClusterError";
}
