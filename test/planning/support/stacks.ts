import type { Environment } from "../../../environments/schema/environment.ts";
import { plan } from "../../../planning/plan.ts";
import { planRouter } from "../../../planning/router.ts";
import type { PlannedRouter } from "../../../planning/router.ts";
import type { Flow, Plan, PodPlan, WorkloadPlan } from "../../../planning/types.ts";

/** The plan of an environment called `test`. */
export function planOf(environment: Environment): Plan {
  return plan("test", environment);
}

/** The router of the first model of an environment called `test`. */
export function firstRouter(environment: Environment): PlannedRouter {
  const [model] = environment.models;
  if (model === undefined) throw new Error("the environment has no model");
  return planRouter("test", environment, model);
}

/** The value of a flag among arguments: the next word, or what stands after `=`. */
export function flagOf(words: readonly string[] | null, name: string): string | undefined {
  const list = words ?? [];
  const at = list.indexOf(name);
  return at >= 0 ? list[at + 1] : list.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** A flow as people say it: `front → routers: 8000`. */
export function describeFlow({ from, to, ports }: Flow): string {
  const name = (peer: Flow["from"]) => (peer.kind === "pods" ? peer.label : peer.kind);
  return `${name(from)} → ${name(to)}: ${ports.join(", ")}`;
}

/** Names of the Secrets a pod reads, from variables and from files. */
export function secretsOf(pod: PodPlan): string[] {
  const variables = pod.env.flatMap((variable) => ("secret" in variable ? [variable.secret.name] : []));
  const files = pod.mounts.flatMap(({ source }) => (source.kind === "secret" ? [source.secret] : []));
  return [...variables, ...files];
}

/** All workloads of a plan. */
export function workloadsOf({ engines, routers, cacheServer, front, observability }: Plan): WorkloadPlan[] {
  const optional = [cacheServer, observability?.prometheus ?? null, observability?.grafana ?? null];
  return [
    ...engines.map(({ workload }) => workload),
    ...routers.map(({ workload }) => workload),
    front.workload,
    ...optional.filter((workload) => workload !== null),
  ];
}
