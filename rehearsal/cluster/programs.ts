import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  apiserverArguments,
  controllerManagerArguments,
  etcdArguments,
  kwokArguments,
  schedulerArguments,
} from "./config/control-plane.ts";
import { credentialsOf, type Credentials } from "./config/credentials.ts";
import { renderCorefile, RESOLV_CONF } from "./config/dns.ts";
import { renderContainerdConfig, renderKubeletConfig, renderPodNetwork, renderProxyConfig } from "./config/node.ts";
import { renderStages } from "./config/stages.ts";
import type { Daemon } from "./daemons.ts";
import { sandboxImage } from "./images.ts";
import { ADDRESSES, clusterId, INSIDE, nodeName, type Layout } from "./layout.ts";
import type { ClusterState } from "./state.ts";
import type { StartOptions } from "./types.ts";

/** The daemons of a cluster, in the order in which they are started. */
export interface Daemons {
  readonly gateway: Daemon;
  readonly keeper: Daemon;
  readonly etcd: Daemon;
  readonly apiserver: Daemon;
  readonly controllerManager: Daemon;
  readonly scheduler: Daemon;
  readonly containerd: Daemon;
  readonly kubelet: Daemon;
  readonly proxy: Daemon;
  readonly dns: Daemon;
  readonly kwok: Daemon;
}

/** What runs in a cluster and with which arguments; {@link writeConfiguration} writes the files they read. */
export function daemonsOf(layout: Layout, options: StartOptions): Daemons {
  const { tools } = options;
  const credentials = credentialsOf(layout);
  const files = configurationFiles(layout);
  const inside = (name: string, program: string, parameters: readonly string[]): Daemon => ({
    name,
    command: [program, ...parameters],
    inside: true,
  });
  const script = (name: string) => [process.execPath, join(import.meta.dirname, name), layout.root];
  return {
    gateway: { name: "gateway", command: script("forward/gateway.ts"), inside: false },
    keeper: { name: "keeper", command: script("keeper.ts"), inside: true },
    etcd: inside("etcd", join(tools.systemPrograms, "etcd"), etcdArguments()),
    apiserver: inside("kube-apiserver", tools.kubeApiserver, apiserverArguments(credentials)),
    controllerManager: inside(
      "kube-controller-manager",
      tools.kubeControllerManager,
      controllerManagerArguments(credentials),
    ),
    scheduler: inside("kube-scheduler", tools.kubeScheduler, schedulerArguments(credentials)),
    containerd: inside("containerd", join(tools.systemPrograms, "containerd"), [`--config=${files.containerd}`]),
    kubelet: inside("kubelet", tools.kubelet, [
      `--config=${files.kubelet}`,
      `--kubeconfig=${credentials.kubeconfig("kubelet")}`,
      `--hostname-override=${nodeName(options.name)}`,
      `--node-ip=${ADDRESSES.node}`,
      `--root-dir=${INSIDE.kubeletRoot}`,
    ]),
    proxy: inside("kube-proxy", tools.kubeProxy, [`--config=${files.proxy}`]),
    dns: inside("coredns", tools.coredns, [`-conf=${files.corefile}`]),
    kwok: inside("kwok", tools.kwok, kwokArguments(credentials, files.stages)),
  };
}

function configurationFiles(layout: Layout) {
  const file = (name: string) => join(layout.config, name);
  return {
    containerd: file("containerd.toml"),
    podNetworkFolder: file("cni"),
    podNetwork: file("cni/10-pods.conflist"),
    kubelet: file("kubelet.yaml"),
    proxy: file("kube-proxy.yaml"),
    corefile: file("Corefile"),
    resolvConf: file("resolv.conf"),
    stages: file("kwok.yaml"),
  };
}

/** Writes the configuration files the daemons are started with. */
export function writeConfiguration(layout: Layout, options: StartOptions, state: ClusterState): void {
  const credentials: Credentials = credentialsOf(layout);
  const files = configurationFiles(layout);
  mkdirSync(files.podNetworkFolder, { recursive: true });
  const contents: readonly (readonly [path: string, content: string])[] = [
    [files.podNetwork, renderPodNetwork()],
    [
      files.containerd,
      renderContainerdConfig({
        sandboxImage: sandboxImage(options.images),
        snapshotter: state.snapshotter,
        runc: join(options.tools.systemPrograms, "runc"),
        cniPlugins: options.tools.cniPlugins,
        cniConfig: files.podNetworkFolder,
      }),
    ],
    [files.kubelet, renderKubeletConfig({ credentials, cgroup: clusterId(layout.root), resolvConf: files.resolvConf })],
    [files.resolvConf, RESOLV_CONF],
    [files.stages, renderStages()],
    [files.proxy, renderProxyConfig({ kubeconfig: credentials.kubeconfig("proxy"), node: nodeName(options.name) })],
    [files.corefile, renderCorefile({ kubeconfig: credentials.kubeconfig("coredns"), context: options.name })],
  ];
  for (const [path, content] of contents) writeFileSync(path, content, { mode: 0o600 });
}
