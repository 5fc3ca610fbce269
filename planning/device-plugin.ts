import { stringify } from "yaml";
import type { Environment } from "../environments/schema/environment.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { imageFor } from "./images.ts";
import type { DevicePluginPlan, PoolPlan } from "./types.ts";

/** NVIDIA's device plugin where this stack runs it (`plan: null` elsewhere), and what is wrong with that. */
export function planDevicePlugin(
  environment: Environment,
  pools: readonly PoolPlan[],
): Findings & { readonly plan: DevicePluginPlan | null } {
  const { devicePlugin } = environment.cluster;
  if (devicePlugin.owner === "cluster") return { plan: null, ...NO_FINDINGS };
  const owned = pools.filter((pool) => pool.devicePluginOwner === "stack");
  const plan: DevicePluginPlan = {
    image: imageFor(environment, "devicePlugin"),
    namespace: "kube-system",
    pools: owned.map(({ name, nodeSelector, tolerations }) => ({ name, nodeSelector, tolerations })),
    config: devicePlugin.sharing === undefined ? null : timeSlicing(devicePlugin.sharing.replicas),
    runtimeClass: devicePlugin.runtimeClass ?? null,
  };
  return { plan: owned.length === 0 ? null : plan, ...findings(environment, owned) };
}

/** RuntimeClass of engines on GPUs: the device plugin's, because both need NVIDIA's container runtime. */
export function runtimeClassOf(environment: Environment): string | null {
  const { devicePlugin } = environment.cluster;
  return devicePlugin.owner === "stack" ? (devicePlugin.runtimeClass ?? null) : null;
}

function findings(environment: Environment, owned: readonly PoolPlan[]): Findings {
  const { devicePlugin } = environment.cluster;
  return mergeFindings(
    owned.length > 0
      ? NO_FINDINGS
      : warned("cluster.devicePlugin", "There is no GPU pool, so no device plugin is installed."),
    // The plugin exits where it finds no GPU, so it must not reach other nodes.
    ...owned.map((pool, index) =>
      Object.keys(pool.nodeSelector).length > 0
        ? NO_FINDINGS
        : refused(
            `cluster.gpuPools[${index}].nodeSelector`,
            undefined,
            "is empty, and the device plugin of this stack would run on nodes without GPUs",
            "Give the labels that only the GPU nodes carry.",
          ),
    ),
    devicePlugin.owner === "stack" && devicePlugin.sharing !== undefined
      ? warned(
          "cluster.devicePlugin.sharing",
          "Time slicing separates neither memory nor faults: an engine that crashes the GPU takes its neighbours along.",
        )
      : NO_FINDINGS,
  );
}

/**
 * The plugin's configuration for time slicing. More than one share per pod is refused by the plugin itself: shares of
 * one GPU are no second GPU.
 * Source: NVIDIA k8s-device-plugin 0.20.0, README, "Shared access to GPUs", read 2026-08.
 */
function timeSlicing(replicas: number): string {
  return stringify({
    version: "v1",
    sharing: {
      timeSlicing: {
        renameByDefault: false,
        failRequestsGreaterThanOne: true,
        resources: [{ name: "nvidia.com/gpu", replicas }],
      },
    },
  });
}
