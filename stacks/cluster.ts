import type * as pulumi from "@pulumi/pulumi";
import { DevicePlugin } from "../components/accelerator/device-plugin.ts";
import { handoverOf } from "../components/cluster.ts";
import type { Cluster } from "../components/cluster.ts";
import { ExistingCluster } from "../components/existing/cluster.ts";
import { stackLabels } from "../components/kubernetes/namespace.ts";
import type { Plan } from "../planning/types.ts";
import type { StackContext } from "./environment.ts";
import type { Outputs } from "./outputs.ts";
import { configuredKubeconfig } from "./secrets.ts";

/**
 * Makes the cluster of an environment, with the device plugin where this stack owns it.
 *
 * @param kubeconfig the kubeconfig, if the plan says that it comes from a secret
 */
export function makeCluster({ plan }: StackContext, kubeconfig: pulumi.Input<string> | undefined): Cluster {
  const cluster = reachCluster(plan, kubeconfig);
  if (plan.devicePlugin === null) return cluster;
  const plugin = new DevicePlugin(
    "device-plugin",
    { plan: plan.devicePlugin, labels: stackLabels(plan.environment) },
    { providers: [cluster.provider], dependsOn: [...cluster.ready] },
  );
  return {
    identity: cluster.identity,
    kubeconfig: cluster.kubeconfig,
    provider: cluster.provider,
    gpuPools: cluster.gpuPools,
    storage: cluster.storage,
    ready: [...cluster.ready, plugin],
  };
}

/** The cluster of a plan, without anything in it. */
export function reachCluster(plan: Plan, kubeconfig: pulumi.Input<string> | undefined): ExistingCluster {
  return new ExistingCluster("cluster", {
    plan: plan.cluster,
    pools: plan.pools,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
}

/** What a stack tells about its cluster; `cluster` is what serving stacks read. */
export function clusterOutputs({ plan }: StackContext, cluster: Cluster): Outputs {
  return {
    cluster: handoverOf(plan),
    ...(cluster.kubeconfig === undefined ? {} : { kubeconfig: cluster.kubeconfig }),
  };
}

/** The program of a stack with `layer: { kind: cluster }`. */
export function clusterStack(context: StackContext): Outputs {
  return clusterOutputs(context, makeCluster(context, kubeconfigOf(context)));
}

/** The kubeconfig in this stack's configuration, if the plan says that it is there. */
export function kubeconfigOf({ plan }: StackContext): pulumi.Output<string> | undefined {
  return plan.cluster.kubeconfigFromSecret ? configuredKubeconfig() : undefined;
}
