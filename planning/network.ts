import type { Environment, Model } from "../environments/schema/environment.ts";
import { downloads } from "./engine/timing.ts";
import { CACHE_PORT } from "./cache.ts";
import { API_PORT, selectorOf, type Component } from "./names.ts";
import { PROMETHEUS_PORT } from "./observability/prometheus.ts";
import type { EnginePlan, Flow, Peer, Plan } from "./types.ts";

/** What flows follow from: which parts the stack has, and what the environment says about them. */
export interface FlowParts extends Pick<Plan, "engines" | "cacheServer" | "observability"> {
  readonly environmentName: string;
  readonly environment: Environment;
}

/** Ports of the Kubernetes API: the Service's, and the one behind it, which is what most network plugins compare. */
const API_SERVER_PORTS: readonly number[] = [443, 6443];

/**
 * Every connection a stack needs, each with its reason. What isn't here is denied, in both directions: engines can't
 * reach each other or another model's router, routers and engines can't be reached from outside the stack, and a pod
 * with a simulated engine can't open a connection at all.
 */
export function planFlows(parts: FlowParts): Flow[] {
  return [...requestPath(parts), ...engineNeeds(parts), ...discovery(parts), ...metrics(parts)];
}

function requestPath({ environmentName, environment }: FlowParts): Flow[] {
  const front = pods(environmentName, "front", "front");
  const routers = pods(environmentName, "router", "routers");
  return [
    flow({ kind: "cluster" }, front, [API_PORT], "clients use the endpoint"),
    flow(front, routers, [API_PORT], "the front hands each request to the router of its model"),
    flow(front, { kind: "dns" }, [53], "the front resolves its routers"),
    ...environment.models.map((model) =>
      flow(
        pods(environmentName, "router", `router of ${model.name}`, model),
        pods(environmentName, "engine", `engines of ${model.name}`, model),
        [API_PORT],
        "a router hands requests to the engines of its own model, and asks them for their health",
      ),
    ),
  ];
}

function engineNeeds({ environmentName, environment, engines, cacheServer }: FlowParts): Flow[] {
  return environment.models.flatMap((model) => {
    const engine = pods(environmentName, "engine", `engines of ${model.name}`, model);
    const shares = cacheServer !== null && engines.some((plan) => plan.model === model.name && hasServer(plan));
    const downloads = downloadsWeights(model);
    return [
      ...(shares || downloads ? [flow(engine, { kind: "dns" }, [53], "engines resolve what they connect to")] : []),
      ...(downloads ? [flow(engine, { kind: "internet" }, [443], "engines download weights from the model hub")] : []),
      ...(shares
        ? [
            flow(
              engine,
              pods(environmentName, "cache", "cache server"),
              [CACHE_PORT],
              "engines share KV blocks; the server asks nobody who they are, so only they may reach it",
            ),
          ]
        : []),
    ];
  });
}

function hasServer({ cache }: EnginePlan): boolean {
  return cache !== null && cache.server !== null;
}

/** Whether an engine fetches its model from a hub; a simulated one has none. */
function downloadsWeights(model: Model): boolean {
  return model.runtime !== "simulator" && downloads(model);
}

function discovery({ environmentName, environment, observability }: FlowParts): Flow[] {
  const apiServer: Peer = { kind: "apiServer", cidrs: environment.cluster.apiServerCidrs };
  const routers = pods(environmentName, "router", "routers");
  return [
    flow(routers, apiServer, API_SERVER_PORTS, "routers watch the pods of their engines"),
    flow(routers, { kind: "dns" }, [53], "routers resolve the API server"),
    ...(observability === null
      ? []
      : [
          flow(
            pods(environmentName, "prometheus", "Prometheus"),
            apiServer,
            API_SERVER_PORTS,
            "Prometheus watches the pods it reads metrics from",
          ),
        ]),
  ];
}

/** Prometheus's jobs, each as a flow to the pods it finds. */
function metrics({ environmentName, observability }: FlowParts): Flow[] {
  if (observability === null) return [];
  const prometheus = pods(environmentName, "prometheus", "Prometheus");
  const grafana = pods(environmentName, "grafana", "Grafana");
  return [
    ...observability.jobs.map((job) =>
      flow(
        prometheus,
        { kind: "pods", selector: job.selector, label: job.name },
        [job.port],
        `Prometheus reads the metrics of job ${job.name}`,
      ),
    ),
    ...(observability.grafana === null
      ? []
      : [
          flow(grafana, prometheus, [PROMETHEUS_PORT], "Grafana queries Prometheus"),
          flow(grafana, { kind: "dns" }, [53], "Grafana resolves Prometheus"),
        ]),
  ];
}

function pods(environmentName: string, component: Component, label: string, model?: Model): Peer {
  return { kind: "pods", selector: selectorOf(environmentName, component, model?.name), label };
}

function flow(from: Peer, to: Peer, ports: readonly number[], reason: string): Flow {
  return { from, to, ports, reason };
}
