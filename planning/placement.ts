import type { Environment } from "../environments/schema/environment.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { coresOf, gibOf, readableGiB } from "./quantities.ts";
import type { EnginePlan, PoolPlan } from "./types.ts";

/** What one engine takes from a node. */
interface Need {
  readonly gpus: number;
  readonly cpu: number;
  readonly memoryGiB: number;
}

/** An engine plan and the place of its model in the environment. */
interface Placed {
  readonly engine: EnginePlan;
  readonly index: number;
}

/**
 * Whether all engines find a node, as far as the environment says what nodes have: each engine within one node, all
 * within the pool, and room for one more where `spareGpus` promises it.
 */
export function checkPlacement(
  environment: Environment,
  pools: readonly PoolPlan[],
  engines: readonly EnginePlan[],
): Findings {
  const placed = engines.map((engine) => ({
    engine,
    index: environment.models.findIndex((model) => model.name === engine.model),
  }));
  return mergeFindings(
    ...pools.map((pool, at) => {
      const users = placed.filter(({ engine }) => engine.pool === pool.name && engine.gpusPerReplica > 0);
      const alone = mergeFindings(...users.map((user) => checkNode(pool, user)));
      return alone.problems.length > 0
        ? alone
        : mergeFindings(alone, checkPool(environment, pool, at, users), checkSpare(environment, pool, users));
    }),
  );
}

function needOf(engine: EnginePlan): Need {
  const { requests } = engine.workload.pod.resources;
  return {
    gpus: engine.gpusPerReplica,
    cpu: coresOf(requests.cpu ?? "0"),
    memoryGiB: gibOf(requests.memory ?? "0Gi"),
  };
}

function checkNode(pool: PoolPlan, { engine, index }: Placed): Findings {
  const { allocatable } = pool;
  if (allocatable === null) return NO_FINDINGS;
  const need = needOf(engine);
  const path = `models[${index}].resources`;
  return mergeFindings(
    need.memoryGiB <= allocatable.memoryGiB
      ? NO_FINDINGS
      : refused(
          `${path}.memory`,
          readableGiB(need.memoryGiB),
          `is more than the ${readableGiB(allocatable.memoryGiB)} a node of pool ${pool.name} has for pods (/dev/shm and the cache are in it)`,
          "Lower resources.memory or the cache, or use larger nodes.",
        ),
    need.cpu <= allocatable.cpu
      ? NO_FINDINGS
      : refused(
          `${path}.cpu`,
          need.cpu,
          `is more than the ${allocatable.cpu} cores a node of pool ${pool.name} has for pods`,
          `Set resources.cpu to ${allocatable.cpu} or less.`,
        ),
  );
}

function checkPool(environment: Environment, pool: PoolPlan, at: number, users: readonly Placed[]): Findings {
  if (pool.nodes === null) return NO_FINDINGS;
  const replicas = users.flatMap(({ engine, index }) =>
    Array.from({ length: environment.models[index]?.replicas ?? 0 }, () => needOf(engine)),
  );
  const wanted = replicas.reduce((sum, need) => sum + need.gpus, 0);
  const has = pool.nodes * pool.gpusPerNode * pool.sharedBy;
  const path = `cluster.gpuPools[${at}].nodes`;
  if (wanted > has) {
    const perNode = pool.gpusPerNode * pool.sharedBy;
    return refused(
      path,
      pool.nodes,
      `gives pool ${pool.name} ${has} ${pool.sharedBy === 1 ? "GPUs" : "shares of GPUs"}, and all replicas ask for ${wanted}`,
      `Use ${Math.ceil(wanted / perNode)} nodes, or fewer replicas.`,
    );
  }
  if (fits(pool, pool.nodes, replicas)) return NO_FINDINGS;
  return warned(
    path,
    `The ${pool.nodes} nodes of pool ${pool.name} have enough GPUs in all, but no arrangement of the engines was found in which each fits into one node; some may stay pending.`,
  );
}

/** A promise of a free GPU is checked: with none free, the new engine of a rollout would wait for ever. */
function checkSpare(environment: Environment, pool: PoolPlan, users: readonly Placed[]): Findings {
  if (pool.nodes === null) return NO_FINDINGS;
  const has = pool.nodes * pool.gpusPerNode * pool.sharedBy;
  const wanted = users.reduce(
    (sum, { engine, index }) => sum + (environment.models[index]?.replicas ?? 0) * engine.gpusPerReplica,
    0,
  );
  return mergeFindings(
    ...users
      .filter(
        ({ engine, index }) => environment.models[index]?.spareGpus === true && wanted + engine.gpusPerReplica > has,
      )
      .map(({ engine, index }) =>
        refused(
          `models[${index}].spareGpus`,
          "true",
          `promises ${engine.gpusPerReplica} free GPUs in pool ${pool.name}, which has ${has - wanted} beside the engines`,
          "Set it to false, so that rollouts stop an engine before they start the next, or add a node.",
        ),
      ),
  );
}

/** Largest first into the first node with room: best possible where GPU counts are powers of two, as they mostly are. */
function fits(pool: PoolPlan, nodes: number, replicas: readonly Need[]): boolean {
  const free = Array.from({ length: nodes }, () => ({
    gpus: pool.gpusPerNode * pool.sharedBy,
    cpu: pool.allocatable?.cpu ?? Infinity,
    memoryGiB: pool.allocatable?.memoryGiB ?? Infinity,
  }));
  const ordered = [...replicas].sort((a, b) => b.gpus - a.gpus || b.memoryGiB - a.memoryGiB);
  return ordered.every((need) => {
    const node = free.find(
      ({ gpus, cpu, memoryGiB }) => gpus >= need.gpus && cpu >= need.cpu && memoryGiB >= need.memoryGiB,
    );
    if (node === undefined) return false;
    node.gpus -= need.gpus;
    node.cpu -= need.cpu;
    node.memoryGiB -= need.memoryGiB;
    return true;
  });
}
