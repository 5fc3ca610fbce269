import type * as pulumi from "@pulumi/pulumi";
import type { Provider } from "@pulumi/kubernetes/provider.js";
import { z } from "zod";
import { ExistingCluster } from "../environments/schema/cluster.ts";
import type { Plan, PoolPlan, StoragePlan } from "../planning/types.ts";

/** What every kind of cluster gives the serving layer; nothing after it knows which kind it got. */
export interface Cluster {
  /** Known at the first preview; the Kubernetes provider's `clusterIdentifier`. */
  readonly identity: string;
  /** A secret. undefined: the cluster is reached through a context of the local kubeconfig. */
  readonly kubeconfig: pulumi.Output<string> | undefined;
  readonly provider: Provider;
  readonly gpuPools: readonly PoolPlan[];
  readonly storage: StoragePlan;
  /** What a workload must wait for before it can be scheduled. */
  readonly ready: readonly pulumi.Resource[];
}

/** Version of {@link Handover}; it grows when a serving stack of an older program could misread the data. */
const HANDOVER_VERSION = 1;

/**
 * The plain data a cluster stack hands to serving stacks in its output `cluster`. Whatever the cloud, a serving stack
 * sees a cluster that exists; the kubeconfig is an output of its own, because it is a secret.
 */
export const Handover = z.strictObject({
  version: z.literal(HANDOVER_VERSION),
  /** {@link Cluster.identity}. */
  identity: z.string().min(1),
  /** Whether the stack's output `kubeconfig` leads to the cluster; otherwise {@link Handover.section} has a context. */
  kubeconfig: z.boolean(),
  /** The cluster as the section `cluster` of an environment. */
  section: ExistingCluster.omit({ kubeconfig: true }),
});
export type Handover = z.output<typeof Handover>;

/** What a stack with this plan hands to serving stacks. */
export function handoverOf(plan: Plan): Handover {
  const { identity, context, kubeconfigFromSecret, storage, apiServerCidrs } = plan.cluster;
  return {
    version: HANDOVER_VERSION,
    identity,
    kubeconfig: kubeconfigFromSecret,
    section: {
      provider: "existing",
      ...(context === null ? {} : { context }),
      gpuPools: plan.pools.map(poolSection),
      devicePlugin: devicePluginSection(plan),
      storageClasses: {
        ...(storage.block === null ? {} : { block: storage.block }),
        ...(storage.shared === null ? {} : { shared: storage.shared }),
      },
      apiServerCidrs: [...apiServerCidrs],
    },
  };
}

function poolSection(pool: PoolPlan): Handover["section"]["gpuPools"][number] {
  return {
    name: pool.name,
    accelerator: pool.accelerator,
    gpusPerNode: pool.gpusPerNode,
    ...(pool.nodes === null ? {} : { nodes: pool.nodes }),
    nodeSelector: { ...pool.nodeSelector },
    tolerations: pool.tolerations.map((toleration) => ({ ...toleration })),
    ...(pool.allocatable === null
      ? {}
      : { allocatable: { cpu: String(pool.allocatable.cpu), memory: `${pool.allocatable.memoryGiB}Gi` } }),
    ...(pool.pricePerNodeHour === null ? {} : { pricePerNodeHour: pool.pricePerNodeHour }),
  };
}

function devicePluginSection({ devicePlugin, pools }: Plan): Handover["section"]["devicePlugin"] {
  if (devicePlugin === null) return { owner: "cluster" };
  const sharedBy = Math.max(1, ...pools.map((pool) => pool.sharedBy));
  return {
    owner: "stack",
    ...(sharedBy > 1 ? { sharing: { replicas: sharedBy } } : {}),
    ...(devicePlugin.runtimeClass === null ? {} : { runtimeClass: devicePlugin.runtimeClass }),
  };
}
