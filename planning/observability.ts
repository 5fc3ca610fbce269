import type { Environment } from "../environments/schema/environment.ts";
import { NO_FINDINGS, type Findings } from "./findings.ts";
import { GRAFANA_PORT, planGrafana } from "./observability/grafana.ts";
import { hostOf, selectorOf, type Component } from "./names.ts";
import { planPrometheus, PROMETHEUS_PORT, type BundledSettings, type ScrapeJob } from "./observability/prometheus.ts";
import type { ObservabilityPlan, Plan, WorkloadPlan } from "./types.ts";

/** Prometheus and Grafana, if the environment has them, and everything to say about them. */
export interface PlannedObservability extends Findings {
  readonly observability: ObservabilityPlan | null;
}

/** The parts of a stack whose metrics are where their implementation puts them. */
export type MeteredParts = Pick<Plan, "engines" | "routers" | "front">;

/**
 * Plans what reads the stack's metrics and shows them. Jobs follow from the workloads: which pods there are and on which
 * of their ports the metrics are.
 */
export function planObservability(
  environmentName: string,
  environment: Environment,
  parts: MeteredParts,
): PlannedObservability {
  const settings = environment.observability;
  if (settings.mode === "none") return { observability: null, ...NO_FINDINGS };
  const jobs = scrapeJobs(environmentName, parts, settings);
  const simulated = parts.engines.some(({ runtime }) => runtime === "simulator");
  const prometheusUrl = `http://${hostOf(environmentName, "prometheus")}:${PROMETHEUS_PORT}`;
  const grafana = settings.grafana.enabled ? planGrafana(environmentName, environment, settings, prometheusUrl) : null;
  const observability: ObservabilityPlan = {
    prometheus: planPrometheus(environmentName, environment, settings, jobs, simulated),
    prometheusUrl,
    jobs,
    grafana,
    grafanaUrl: grafana === null ? null : `http://${hostOf(environmentName, "grafana")}:${GRAFANA_PORT}`,
  };
  return { observability, ...NO_FINDINGS };
}

function scrapeJobs(environmentName: string, parts: MeteredParts, settings: BundledSettings): ScrapeJob[] {
  const job = (name: string, component: Component, port: number): ScrapeJob => ({
    name,
    selector: selectorOf(environmentName, component),
    port,
    path: "/metrics",
  });
  const [engine] = parts.engines;
  const [router] = parts.routers;
  return [
    ...(engine === undefined ? [] : [job("engines", "engine", metricsPort(engine.workload))]),
    ...(router === undefined ? [] : [job("routers", "router", metricsPort(router.workload))]),
    job("front", "front", metricsPort(parts.front.workload)),
    ...(settings.grafana.enabled ? [job("grafana", "grafana", GRAFANA_PORT)] : []),
  ];
}

/** The port of a workload's metrics: one of its own where it has one, else that of its API. */
function metricsPort({ name, pod: { ports } }: WorkloadPlan): number {
  const found = ["metrics", "status", "http"]
    .map((portName) => ports.find((port) => port.name === portName))
    .find((port) => port !== undefined);
  if (found === undefined) throw new Error(`${name} has no port called metrics, status or http`);
  return found.port;
}
