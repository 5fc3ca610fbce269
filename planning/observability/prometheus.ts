import { stringify } from "yaml";
import type { Environment } from "../../environments/schema/environment.ts";
import { imageFor } from "../images.ts";
import { formatSelector, labelsOf, nameOf, namespaceOf, selectorOf } from "../names.ts";
import { gibOf } from "../quantities.ts";
import { ordinaryPlace, ownFiles, resources, scratch, stopAtOnce } from "../stateless.ts";
import type { ClaimPlan, Mount, ObservabilityPlan, WorkloadPlan } from "../types.ts";

/** Port of Prometheus. */
export const PROMETHEUS_PORT = 9090;

/** Where metrics are kept, and the volume or claim that keeps them. */
const DATA_PATH = "/prometheus";
const CLAIM = "prometheus-data";

/** Room for metrics without a claim: a few days of a dozen engines. It is the node's disk, so it is bounded. */
const EPHEMERAL_GIB = 10;

/** Share of the volume that is filled with metrics; the rest is for the log of what came last and for compaction. */
const FILL = 0.8;

/** Longest time from scheduling to readiness in seconds: after a crash the log of the last hours is read again. */
const START_SECONDS = 900;

/** Prometheus's part of an environment's settings. */
export type BundledSettings = Extract<Environment["observability"], { mode: "bundled" }>;

/** A job of the scrape configuration: pods by label, one port, one path. */
export type ScrapeJob = ObservabilityPlan["jobs"][number];

/** Prometheus as a workload: it finds the stack's pods through the API, in the stack's namespace alone. */
export function planPrometheus(
  environmentName: string,
  environment: Environment,
  settings: BundledSettings,
  jobs: readonly ScrapeJob[],
  simulated: boolean,
): WorkloadPlan {
  const { cpu = "250m", memory = "1Gi" } = settings.prometheus.resources;
  const http = (path: string) => ({ http: { path, port: "http" }, timeoutSeconds: 5 });
  return {
    name: nameOf("prometheus"),
    labels: labelsOf(environmentName, "prometheus"),
    selector: selectorOf(environmentName, "prometheus"),
    replicas: 1,
    pod: {
      container: "prometheus",
      image: imageFor(environment, "prometheus"),
      command: ["/bin/prometheus"],
      args: [
        "--config.file=/etc/prometheus/prometheus.yml",
        `--storage.tsdb.path=${DATA_PATH}`,
        `--storage.tsdb.retention.time=${settings.retention}`,
        `--storage.tsdb.retention.size=${Math.floor(volumeGiB(settings) * FILL * 1024)}MB`,
        `--web.listen-address=0.0.0.0:${PROMETHEUS_PORT}`,
      ],
      env: [],
      ports: [{ name: "http", port: PROMETHEUS_PORT }],
      probes: {
        startup: { ...http("/-/ready"), periodSeconds: 3, failureThreshold: START_SECONDS / 3 },
        readiness: { ...http("/-/ready"), periodSeconds: 5, failureThreshold: 3 },
        liveness: { ...http("/-/healthy"), periodSeconds: 15, failureThreshold: 6 },
      },
      resources: resources(cpu, memory),
      mounts: [ownFiles("config", "/etc/prometheus"), dataVolume(settings)],
      security: { runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534, readOnlyRootFilesystem: true },
      ...ordinaryPlace(environment),
      ...stopAtOnce(),
    },
    service: { ports: [{ name: "http", port: PROMETHEUS_PORT, target: "http" }] },
    // Two Prometheus can't have the same volume, so the old one goes first.
    rollout: { maxSurge: 0, maxUnavailable: 1, progressDeadlineSeconds: START_SECONDS },
    disruption: null,
    apiAccess: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }],
    files: {
      "prometheus.yml": scrapeConfig(namespaceOf(environmentName), settings.scrapeInterval, jobs, simulated),
    },
    claims: dataClaims(environment, settings),
    timeoutSeconds: START_SECONDS,
  };
}

function volumeGiB({ storage }: BundledSettings): number {
  return storage === undefined ? EPHEMERAL_GIB : gibOf(storage);
}

function dataVolume({ storage }: BundledSettings): Mount {
  return storage === undefined
    ? scratch("data", DATA_PATH, `${EPHEMERAL_GIB}Gi`)
    : { name: "data", path: DATA_PATH, readOnly: false, source: { kind: "claim", claim: CLAIM } };
}

function dataClaims({ cluster }: Environment, { storage }: BundledSettings): ClaimPlan[] {
  if (storage === undefined) return [];
  return [
    { name: CLAIM, size: storage, accessMode: "ReadWriteOnce", storageClass: cluster.storageClasses.block ?? null },
  ];
}

/**
 * prometheus.yml. Job names are fixed, because an engine and the production stack's router export metrics of the same
 * name (`vllm:num_requests_running`): queries tell them apart by `job`.
 *
 * @param simulated whether any engine is a simulator, whose names differ from vLLM's
 */
export function scrapeConfig(
  namespace: string,
  interval: string,
  jobs: readonly ScrapeJob[],
  simulated: boolean,
): string {
  return stringify(
    {
      global: { scrape_interval: interval, scrape_timeout: shorter(interval, "10s"), evaluation_interval: interval },
      scrape_configs: [
        ...jobs.map((job) => ({
          job_name: job.name,
          metrics_path: job.path,
          kubernetes_sd_configs: [
            {
              role: "pod",
              namespaces: { names: [namespace] },
              selectors: [{ role: "pod", label: formatSelector(job.selector) }],
            },
          ],
          relabel_configs: podLabels(job.port),
          ...(simulated && job.name === "engines" ? { metric_relabel_configs: SIMULATOR_NAMES } : {}),
        })),
        {
          job_name: "prometheus",
          static_configs: [{ targets: [`localhost:${PROMETHEUS_PORT}`], labels: { namespace } }],
        },
      ],
    },
    { lineWidth: 0 },
  );
}

/** One target per pod that has not ended, with the labels people ask by. */
function podLabels(port: number): object[] {
  const from = (source: string, target: string) => ({ source_labels: [source], target_label: target });
  return [
    { source_labels: ["__meta_kubernetes_pod_container_port_number"], regex: String(port), action: "keep" },
    { source_labels: ["__meta_kubernetes_pod_phase"], regex: "Succeeded|Failed", action: "drop" },
    from("__meta_kubernetes_namespace", "namespace"),
    from("__meta_kubernetes_pod_name", "pod"),
    from("__meta_kubernetes_pod_node_name", "node"),
    from("__meta_kubernetes_pod_label_vllm_stack_model", "model"),
  ];
}

/**
 * What llm-d-inference-sim calls differently, so that dashboards and rules keep vLLM's names.
 * Source: `/metrics` of 0.10.2 against vLLM 0.33.0's, read 2026-11-20.
 */
const SIMULATOR_NAMES: readonly object[] = [
  renamed("vllm:prefix_cache_(hits|queries)", "vllm:prefix_cache_${1}_total"),
  renamed("vllm:max_num_generation_tokens(_bucket|_sum|_count)", "vllm:request_max_num_generation_tokens${1}"),
  {
    source_labels: ["__name__", "finish_reason"],
    regex: "vllm:request_success_total;(.+)",
    target_label: "finished_reason",
  },
  { regex: "finish_reason", action: "labeldrop" },
  // vLLM has inter_token_latency_seconds instead, and so has the simulator.
  { source_labels: ["__name__"], regex: "vllm:time_per_output_token_seconds.*", action: "drop" },
];

function renamed(regex: string, replacement: string): object {
  return { source_labels: ["__name__"], regex, target_label: "__name__", replacement };
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** The shorter of two durations of one unit each; a scrape must end before the next begins. */
function shorter(a: string, b: string): string {
  const seconds = (text: string) => Number.parseInt(text) * (SECONDS[text.slice(-1)] ?? 1);
  return seconds(a) < seconds(b) ? a : b;
}
