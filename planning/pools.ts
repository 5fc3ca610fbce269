import { acceleratorIds, findAccelerator } from "../catalog/accelerators.ts";
import type { Cluster, Environment, ExistingGpuPool, Model } from "../environments/schema/environment.ts";
import { didYouMean, oneOf } from "../environments/schema/problems.ts";
import { planDevicePlugin } from "./device-plugin.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { coresOf, gibOf } from "./quantities.ts";
import type { DevicePluginPlan, PoolPlan, Toleration } from "./types.ts";

/** The GPU pools of a cluster, as the serving layer sees them. */
export interface Pools extends Findings {
  readonly pools: readonly PoolPlan[];
  readonly devicePlugin: DevicePluginPlan | null;
}

type PoolBase = Omit<PoolPlan, "gpusRequested">;

/** How each way to get a cluster describes its pools; a cloud is one more row. */
const POOLS_OF: { readonly [P in Cluster["provider"]]: (cluster: Extract<Cluster, { provider: P }>) => PoolBase[] } = {
  existing: (cluster) => cluster.gpuPools.map((pool) => existingPool(pool, cluster.devicePlugin)),
};

/** The pools of an environment's cluster, who runs the device plugin on them, and everything wrong with their use. */
export function planPools(environment: Environment): Pools {
  const { cluster } = environment;
  const bases = POOLS_OF[cluster.provider](cluster);
  const unrequested = bases.map((pool) => ({ ...pool, gpusRequested: 0 }));
  const pools = unrequested.map((pool) => ({ ...pool, gpusRequested: gpusRequested(environment, unrequested, pool) }));
  const devicePlugin = planDevicePlugin(environment, pools);
  return {
    pools,
    devicePlugin: devicePlugin.plan,
    ...mergeFindings(
      ...pools.map((pool, index) => checkPool(pools, pool, index)),
      ...environment.models.map((model, index) => checkModel(pools, model, index)),
      ...pools.map((pool, index) => checkUse(environment, pools, pool, index)),
      devicePlugin,
    ),
  };
}

/** GPUs one engine asks for: one per tensor-parallel rank and pipeline stage; none on CPUs or without a pool. */
export function gpusPerReplica(model: Model, pool: PoolPlan | null): number {
  return pool === null || model.runtime === "cpu" ? 0 : model.tensorParallel * model.pipelineParallel;
}

/**
 * The pool a model's engines run on, or null: CPU engines need none, simulated engines can do without,
 * and where the choice is wrong {@link planPools} says so.
 */
export function poolOf(pools: readonly PoolPlan[], model: Model): PoolPlan | null {
  if (model.runtime === "cpu") return null;
  if (model.pool !== undefined) return pools.find((pool) => pool.name === model.pool) ?? null;
  return pools.length === 1 ? (pools[0] ?? null) : null;
}

function existingPool(
  pool: ExistingGpuPool,
  devicePlugin: Extract<Cluster, { provider: "existing" }>["devicePlugin"],
): PoolBase {
  return {
    name: pool.name,
    accelerator: findAccelerator(pool.accelerator)?.id ?? pool.accelerator,
    gpusPerNode: pool.gpusPerNode,
    nodes: pool.nodes ?? null,
    nodeSelector: pool.nodeSelector,
    tolerations: pool.tolerations.map(toleration),
    allocatable:
      pool.allocatable === undefined
        ? null
        : { cpu: coresOf(pool.allocatable.cpu), memoryGiB: gibOf(pool.allocatable.memory) },
    driverOwner: "whoever made the cluster",
    devicePluginOwner: devicePlugin.owner,
    sharedBy: devicePlugin.owner === "stack" ? (devicePlugin.sharing?.replicas ?? 1) : 1,
    pricePerNodeHour: pool.pricePerNodeHour ?? null,
  };
}

function toleration(taint: ExistingGpuPool["tolerations"][number]): Toleration {
  return {
    key: taint.key,
    operator: taint.operator,
    ...(taint.value === undefined ? {} : { value: taint.value }),
    ...(taint.effect === undefined ? {} : { effect: taint.effect }),
  };
}

function gpusRequested(environment: Environment, pools: readonly PoolPlan[], pool: PoolPlan): number {
  if (environment.paused) return 0;
  return environment.models
    .filter((model) => poolOf(pools, model)?.name === pool.name)
    .reduce((sum, model) => sum + model.replicas * gpusPerReplica(model, pool), 0);
}

function checkPool(pools: readonly PoolPlan[], pool: PoolPlan, index: number): Findings {
  const path = `cluster.gpuPools[${index}]`;
  return mergeFindings(
    pools.findIndex((other) => other.name === pool.name) === index
      ? NO_FINDINGS
      : refused(`${path}.name`, pool.name, "is the name of another pool", "Give each pool its own name."),
    checkAccelerator(`${path}.accelerator`, pool.accelerator),
    pools.length > 1 && Object.keys(pool.nodeSelector).length === 0
      ? refused(
          `${path}.nodeSelector`,
          undefined,
          "is empty, and engines of this pool could land on the nodes of another",
          "Give the labels that only the nodes of this pool carry.",
        )
      : NO_FINDINGS,
  );
}

function checkAccelerator(path: string, id: string): Findings {
  const accelerator = findAccelerator(id);
  if (accelerator === undefined) {
    const meant = didYouMean(id, acceleratorIds);
    const remedy =
      meant === undefined
        ? `Use ${oneOf(acceleratorIds.filter((known) => known !== "cpu"))}.`
        : `Did you mean ${meant}?`;
    return refused(path, id, "is not a GPU of the catalog", remedy);
  }
  if (accelerator.kind === "cpu") {
    return refused(path, id, "is no GPU", "Leave the pool out and give the model runtime: cpu.");
  }
  const why = accelerator.note === undefined ? "" : `: ${accelerator.note}`;
  if (accelerator.support === "refused") {
    return refused(path, id, `does not run current vLLM images${why}`, "Use a newer GPU.");
  }
  return accelerator.support === "limited"
    ? warned(path, `${accelerator.name} runs vLLM with limits${why}.`)
    : NO_FINDINGS;
}

function checkModel(pools: readonly PoolPlan[], model: Model, index: number): Findings {
  const path = `models[${index}]`;
  if (model.runtime === "cpu") {
    return model.pool === undefined
      ? NO_FINDINGS
      : refused(`${path}.pool`, model.pool, "is a GPU pool, and CPU engines use no GPU", "Leave pool out.");
  }
  const names = pools.map((pool) => pool.name);
  if (model.pool !== undefined && !names.includes(model.pool)) {
    const meant = didYouMean(model.pool, names);
    const remedy =
      names.length === 0
        ? "Describe the GPU nodes in cluster.gpuPools."
        : meant === undefined
          ? `Use ${oneOf(names)}.`
          : `Did you mean ${meant}?`;
    return refused(`${path}.pool`, model.pool, "is not a pool of the cluster", remedy);
  }
  const pool = poolOf(pools, model);
  if (pool !== null) return checkParallelism(path, model, pool);
  if (pools.length > 1) {
    return refused(
      `${path}.pool`,
      undefined,
      "is required where the cluster has several pools",
      `Set it to ${oneOf(names)}.`,
    );
  }
  if (model.runtime === "simulator") return NO_FINDINGS;
  return refused(
    `${path}.pool`,
    undefined,
    "has no pool to run on: the cluster names no GPU nodes",
    "Describe them in cluster.gpuPools, or use runtime: cpu or runtime: simulator.",
  );
}

function checkParallelism(path: string, model: Model, pool: PoolPlan): Findings {
  const gpus = gpusPerReplica(model, pool);
  if (pool.sharedBy > 1 && gpus > 1) {
    return refused(
      `${path}.tensorParallel`,
      model.tensorParallel,
      `needs ${gpus} GPUs, and pods on the shared GPUs of pool ${pool.name} get one each`,
      "Use 1, or a pool without sharing.",
    );
  }
  if (gpus <= pool.gpusPerNode) return NO_FINDINGS;
  const product =
    model.pipelineParallel === 1
      ? `needs ${gpus} GPUs`
      : `times pipelineParallel ${model.pipelineParallel} needs ${gpus} GPUs`;
  return refused(
    `${path}.tensorParallel`,
    model.tensorParallel,
    `${product} in one node, and the nodes of pool ${pool.name} have ${pool.gpusPerNode}`,
    `Use at most ${pool.gpusPerNode} GPUs per engine, or a pool with larger nodes.`,
  );
}

/** Share of a GPU's memory that engines beside each other may take in all: each process keeps a CUDA context outside its share. */
const SHARED_UTILIZATION = 0.96;

function checkUse(environment: Environment, pools: readonly PoolPlan[], pool: PoolPlan, index: number): Findings {
  const path = `cluster.gpuPools[${index}]`;
  const users = environment.models.flatMap((model, at) =>
    poolOf(pools, model)?.name === pool.name ? [{ model, at }] : [],
  );
  if (users.length === 0) {
    return warned(path, `No model uses pool ${pool.name}; its nodes cost money and serve nothing.`);
  }
  if (pool.sharedBy === 1) return NO_FINDINGS;
  // The scheduler decides who shares a GPU, so the plan must hold for the greediest neighbours.
  const shares = users
    .flatMap(({ model, at }) =>
      Array.from({ length: model.replicas }, () => ({ at, share: model.gpuMemoryUtilization })),
    )
    .sort((a, b) => b.share - a.share)
    .slice(0, pool.sharedBy);
  const sum = shares.reduce((total, { share }) => total + share, 0);
  const [worst] = shares;
  if (worst === undefined || sum <= SHARED_UTILIZATION) return NO_FINDINGS;
  const fair = Math.floor((SHARED_UTILIZATION / pool.sharedBy) * 100) / 100;
  return refused(
    `models[${worst.at}].gpuMemoryUtilization`,
    worst.share,
    `lets ${shares.length} engines that may share a GPU of pool ${pool.name} take ${Math.round(sum * 100)} % of its memory`,
    `Use at most ${fair} for each of ${pool.sharedBy} engines, or fewer replicas in cluster.devicePlugin.sharing.`,
  );
}
