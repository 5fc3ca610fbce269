import type { Cluster, Environment } from "../environments/schema/environment.ts";
import { EnvironmentError } from "../environments/schema/problems.ts";
import { checkCacheServers, planCacheServer } from "./cache.ts";
import { planCost } from "./cost.ts";
import { planEngine } from "./engine.ts";
import { mergeFindings } from "./findings.ts";
import { planFront } from "./front.ts";
import { checkImages } from "./images.ts";
import { namespaceOf } from "./names.ts";
import { planFlows } from "./network.ts";
import { planObservability } from "./observability.ts";
import { checkPlacement } from "./placement.ts";
import { planPools } from "./pools.ts";
import { planRouter } from "./router.ts";
import { planSecrets } from "./secrets.ts";
import { checkStack } from "./stack-rules.ts";
import type { ClusterPlan, Plan } from "./types.ts";

/**
 * Plans a stack: everything it will be, as plain data. Pure and deterministic; it asks nobody anything.
 *
 * @param name name of the environment, which is the stack's
 * @throws {@link EnvironmentError} with every problem of every planner at once; a model that does not fit is one
 */
export function plan(name: string, environment: Environment): Plan {
  const { models } = environment;
  const pools = planPools(environment);
  const context = { environmentName: name, environment, pools: pools.pools };
  const planned = models.map((model, index) => planEngine(context, model, index));
  const engines = planned.flatMap(({ engine }) => (engine === null ? [] : [engine]));
  const routers = models.map((model) => planRouter(name, environment, model));
  const routerPlans = routers.map(({ router }) => router);
  const cacheServer = planCacheServer(name, environment);
  const front = planFront(name, environment, routerPlans, engines);
  const observability = planObservability(name, environment, {
    engines,
    routers: routerPlans,
    front: front.front,
  });
  const cost = planCost(environment, pools.pools);
  const findings = mergeFindings(
    checkStack(name, environment),
    pools,
    ...planned,
    checkImages(environment, pools.pools),
    checkPlacement(environment, pools.pools, engines),
    checkCacheServers(environment),
    ...routers,
    front,
    observability,
    cost,
  );
  if (findings.problems.length > 0) throw new EnvironmentError(`Environment ${name}`, findings.problems);
  return {
    environment: name,
    namespace: namespaceOf(name),
    cluster: clusterPlan(name, environment.cluster),
    pools: pools.pools,
    devicePlugin: pools.devicePlugin,
    engines,
    routers: routerPlans,
    cacheServer,
    front: front.front,
    observability: observability.observability,
    secrets: planSecrets(environment),
    flows: planFlows({
      environmentName: name,
      environment,
      engines,
      cacheServer,
      observability: observability.observability,
    }),
    cost: cost.cost,
    warnings: findings.warnings,
  };
}

/** What identifies the cluster must outlive a renewed kubeconfig: the context's name, or else the environment's. */
function clusterPlan(name: string, cluster: Cluster): ClusterPlan {
  return {
    provider: cluster.provider,
    identity: `${cluster.provider}/${cluster.context ?? name}`,
    context: cluster.context ?? null,
    kubeconfigFromSecret: cluster.kubeconfig !== undefined,
    storage: { block: cluster.storageClasses.block ?? null, shared: cluster.storageClasses.shared ?? null },
    apiServerCidrs: cluster.apiServerCidrs,
  };
}
