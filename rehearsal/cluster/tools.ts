import type { ClusterTools } from "./types.ts";

/** What {@link clusterTools} needs of a prepared toolchain: `kubernetes`, `coredns`, `kwok` and `node`. */
export interface ToolSource {
  /** Absolute path of a program. */
  bin(name: string): string;
  /** Folders with a node's system programs and CNI plugins. */
  readonly debian: { readonly bin: string; readonly cni: string };
}

/** The programs of a cluster from a prepared toolchain. */
export function clusterTools(source: ToolSource): ClusterTools {
  return {
    kubeApiserver: source.bin("kube-apiserver"),
    kubeControllerManager: source.bin("kube-controller-manager"),
    kubeScheduler: source.bin("kube-scheduler"),
    kubelet: source.bin("kubelet"),
    kubeProxy: source.bin("kube-proxy"),
    coredns: source.bin("coredns"),
    kwok: source.bin("kwok"),
    cniPlugins: source.debian.cni,
    systemPrograms: source.debian.bin,
  };
}
