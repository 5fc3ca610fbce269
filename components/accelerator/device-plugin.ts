import * as pulumi from "@pulumi/pulumi";
import { DaemonSet } from "@pulumi/kubernetes/apps/v1/index.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/index.js";
import type { core } from "@pulumi/kubernetes/types/input.js";
import type { DevicePluginPlan, Labels, Toleration } from "../../planning/types.ts";
import { contentHash } from "../kubernetes/hash.ts";

/** Arguments of {@link DevicePlugin}. */
export interface DevicePluginArgs {
  readonly plan: DevicePluginPlan;
  /** Labels of the objects. */
  readonly labels: Labels;
}

/**
 * Name and selector of NVIDIA's own manifest. Where somebody has installed that one already, `up` stops at the existing
 * object instead of starting a second plugin, which would register every GPU twice.
 */
const NAME = "nvidia-device-plugin-daemonset";
const SELECTOR = { name: "nvidia-device-plugin-ds" } as const;

const CONFIG_NAME = "nvidia-device-plugin-config";
const CONFIG_FOLDER = "/etc/nvidia-device-plugin";
const CONFIG_FILE = "config.yaml";
const SOCKETS = "/var/lib/kubelet/device-plugins";

/**
 * NVIDIA's Kubernetes device plugin as one DaemonSet on the nodes of the given pools: it advertises `nvidia.com/gpu`.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin
 */
export class DevicePlugin extends pulumi.ComponentResource {
  readonly daemonSet: DaemonSet;

  constructor(name: string, args: DevicePluginArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:accelerator:DevicePlugin", name, {}, opts);
    const config = args.plan.config === null ? [] : [this.#config(name, args, args.plan.config)];
    this.daemonSet = this.#daemonSet(name, args, config);
    this.registerOutputs({ daemonSet: this.daemonSet.metadata.name });
  }

  #config(name: string, { plan, labels }: DevicePluginArgs, content: string): ConfigMap {
    return new ConfigMap(
      `${name}-config`,
      {
        metadata: { name: CONFIG_NAME, namespace: plan.namespace, labels: { ...labels } },
        data: { [CONFIG_FILE]: content },
      },
      { parent: this },
    );
  }

  #daemonSet(name: string, { plan, labels }: DevicePluginArgs, needs: readonly pulumi.Resource[]): DaemonSet {
    return new DaemonSet(
      `${name}-daemon-set`,
      {
        metadata: { name: NAME, namespace: plan.namespace, labels: { ...labels } },
        spec: {
          selector: { matchLabels: { ...SELECTOR } },
          updateStrategy: { type: "RollingUpdate" },
          template: {
            metadata: {
              labels: { ...labels, ...SELECTOR },
              ...(plan.config === null
                ? {}
                : { annotations: { "vllm-stack/config-hash": contentHash({ [CONFIG_FILE]: plan.config }) } }),
            },
            spec: podSpec(plan),
          },
        },
      },
      { parent: this, dependsOn: [...needs] },
    );
  }
}

function podSpec(plan: DevicePluginPlan): core.v1.PodSpec {
  const affinity = affinityTo(plan.pools.map((pool) => pool.nodeSelector));
  return {
    priorityClassName: "system-node-critical",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    ...(plan.runtimeClass === null ? {} : { runtimeClassName: plan.runtimeClass }),
    ...(affinity === undefined ? {} : { affinity }),
    tolerations: distinct(plan.pools.flatMap((pool) => pool.tolerations)),
    containers: [container(plan, affinity === undefined)],
    volumes: [
      { name: "sockets", hostPath: { path: SOCKETS, type: "Directory" } },
      ...(plan.config === null ? [] : [{ name: "config", configMap: { name: CONFIG_NAME } }]),
    ],
  };
}

function container(plan: DevicePluginPlan, onAnyNode: boolean): core.v1.Container {
  return {
    name: "nvidia-device-plugin-ctr",
    image: plan.image,
    imagePullPolicy: "IfNotPresent",
    env: [
      // On nodes without a GPU the plugin waits; on GPU nodes a missing driver must show as a failure.
      { name: "FAIL_ON_INIT_ERROR", value: String(!onAnyNode) },
      ...(plan.config === null ? [] : [{ name: "CONFIG_FILE", value: `${CONFIG_FOLDER}/${CONFIG_FILE}` }]),
    ],
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "sockets", mountPath: SOCKETS },
      ...(plan.config === null ? [] : [{ name: "config", mountPath: CONFIG_FOLDER, readOnly: true }]),
    ],
  };
}

/** Nodes of any of the pools; undefined if a pool has no labels, and so may be any node. */
function affinityTo(selectors: readonly Labels[]): core.v1.Affinity | undefined {
  if (selectors.some((selector) => Object.keys(selector).length === 0)) return undefined;
  const nodeSelectorTerms = selectors.map((selector) => ({
    matchExpressions: Object.entries(selector).map(([key, value]) => ({ key, operator: "In", values: [value] })),
  }));
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}

function distinct(tolerations: readonly Toleration[]): core.v1.Toleration[] {
  const byText = new Map(tolerations.map((toleration) => [JSON.stringify(toleration), toleration]));
  return [...byText.values()].map((toleration) => ({ ...toleration }));
}
