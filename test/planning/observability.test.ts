import assert from "node:assert/strict";
import { parse } from "yaml";
import { DATASOURCE } from "../../components/observability/dashboards/overview.ts";
import type { Environment, EnvironmentInput } from "../../environments/schema/environment.ts";
import { DATASOURCE_UID } from "../../planning/observability/grafana.ts";
import type { ObservabilityPlan, WorkloadPlan } from "../../planning/types.ts";
import { clusterOf, environmentOf, H100, withModel } from "./support/environments.ts";
import { flagOf, planOf } from "./support/stacks.ts";

type Settings = Extract<EnvironmentInput["observability"], { mode: "bundled" }>;

/** What the tests look at in a scrape configuration. */
interface ScrapeConfig {
  readonly global: { readonly scrape_interval: string; readonly scrape_timeout: string };
  readonly scrape_configs: readonly {
    readonly job_name: string;
    readonly kubernetes_sd_configs?: readonly {
      readonly role: string;
      readonly namespaces: { readonly names: readonly string[] };
      readonly selectors: readonly { readonly label: string }[];
    }[];
    readonly relabel_configs?: readonly Relabel[];
    readonly metric_relabel_configs?: readonly Relabel[];
  }[];
}

interface Relabel {
  readonly source_labels?: readonly string[];
  readonly regex?: string;
  readonly target_label?: string;
  readonly replacement?: string;
  readonly action?: string;
}

function bundled(environment: Environment): ObservabilityPlan {
  return planOf(environment).observability ?? assert.fail("nothing is planned");
}

function prometheusOf(settings: Partial<Settings> = {}): WorkloadPlan {
  return bundled(environmentOf({ observability: { mode: "bundled", ...settings } })).prometheus;
}

function grafanaOf(settings: Partial<Settings> = {}): WorkloadPlan {
  const { grafana } = bundled(environmentOf({ observability: { mode: "bundled", ...settings } }));
  return grafana ?? assert.fail("no Grafana is planned");
}

function configOf(prometheus: WorkloadPlan): ScrapeConfig {
  return parse(prometheus.files["prometheus.yml"] ?? "") as ScrapeConfig;
}

/** Renames a series as Prometheus would. Replacements end a rule's regex at both sides. */
function relabelled(
  rules: readonly Relabel[],
  labels: Readonly<Record<string, string>>,
): Record<string, string> | null {
  let current = { ...labels };
  for (const {
    source_labels = [],
    regex = "(.*)",
    target_label = "",
    replacement = "$1",
    action = "replace",
  } of rules) {
    const pattern = new RegExp(`^(?:${regex})$`);
    if (action === "labeldrop") {
      current = Object.fromEntries(Object.entries(current).filter(([label]) => !pattern.test(label)));
      continue;
    }
    const match = pattern.exec(source_labels.map((label) => current[label] ?? "").join(";"));
    if (action === "drop" && match !== null) return null;
    if (action === "keep" && match === null) return null;
    if (action !== "replace" || match === null) continue;
    const value = replacement.replace(/\$\{?([0-9])\}?/g, (_text, group: string) => match[Number(group)] ?? "");
    current = { ...current, [target_label]: value };
  }
  return current;
}

describe("the metrics of a stack", () => {
  it("are read from engines, routers, the front, Grafana and Prometheus itself, under fixed job names", () => {
    const jobs = configOf(prometheusOf()).scrape_configs.map(({ job_name }) => job_name);
    assert.deepEqual(jobs, ["engines", "routers", "front", "grafana", "prometheus"]);
  });

  it("are read from this stack's pods only: its namespace, its labels", () => {
    const plan = bundled(environmentOf());
    for (const [index, { selector }] of plan.jobs.entries()) {
      const [discovery] = configOf(plan.prometheus).scrape_configs[index]?.kubernetes_sd_configs ?? [];
      assert.deepEqual(discovery?.namespaces.names, ["vllm-test"]);
      const label = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
      assert.deepEqual(discovery.selectors, [{ role: "pod", label: label.join(",") }]);
    }
    assert.deepEqual(plan.prometheus.apiAccess, [
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
    ]);
  });

  it("carry the names people ask by, one target per pod, and none for pods that have ended", () => {
    const rules = configOf(prometheusOf()).scrape_configs[0]?.relabel_configs ?? [];
    const pod = {
      __meta_kubernetes_namespace: "vllm-test",
      __meta_kubernetes_pod_name: "engine-small-1",
      __meta_kubernetes_pod_node_name: "node-1",
      __meta_kubernetes_pod_phase: "Running",
      __meta_kubernetes_pod_container_port_number: "8000",
      __meta_kubernetes_pod_label_vllm_stack_model: "small",
    };
    const { namespace, model, pod: name, node } = relabelled(rules, pod) ?? assert.fail("the pod is no target");
    assert.deepEqual([namespace, model, name, node], ["vllm-test", "small", "engine-small-1", "node-1"]);
    assert.equal(relabelled(rules, { ...pod, __meta_kubernetes_pod_container_port_number: "9999" }), null);
    assert.equal(relabelled(rules, { ...pod, __meta_kubernetes_pod_phase: "Succeeded" }), null);
  });

  it("have vLLM's names where engines are simulated, and are left alone otherwise", () => {
    const rulesOf = (environment: Environment) =>
      configOf(bundled(environment).prometheus).scrape_configs[0]?.metric_relabel_configs;
    assert.equal(rulesOf(environmentOf()), undefined);
    const rules = rulesOf(withModel({ runtime: "simulator" })) ?? [];
    const name = (from: string) => relabelled(rules, { __name__: from })?.__name__ ?? null;
    assert.equal(name("vllm:prefix_cache_hits"), "vllm:prefix_cache_hits_total");
    assert.equal(name("vllm:prefix_cache_queries"), "vllm:prefix_cache_queries_total");
    assert.equal(name("vllm:prefix_cache_hits_total"), "vllm:prefix_cache_hits_total");
    assert.equal(name("vllm:max_num_generation_tokens_bucket"), "vllm:request_max_num_generation_tokens_bucket");
    assert.equal(name("vllm:num_requests_running"), "vllm:num_requests_running");
    assert.equal(name("vllm:time_per_output_token_seconds_bucket"), null);
    assert.equal(
      name("vllm:request_time_per_output_token_seconds_bucket"),
      "vllm:request_time_per_output_token_seconds_bucket",
    );
    assert.deepEqual(relabelled(rules, { __name__: "vllm:request_success_total", finish_reason: "stop" }), {
      __name__: "vllm:request_success_total",
      finished_reason: "stop",
    });
  });

  const intervals = [
    ["5s", "5s"],
    ["15s", "10s"],
    ["1m", "10s"],
  ] as const;
  for (const [scrapeInterval, timeout] of intervals) {
    it(`are read every ${scrapeInterval}, for ${timeout} at most`, () => {
      const { scrape_interval, scrape_timeout } = configOf(prometheusOf({ scrapeInterval })).global;
      assert.deepEqual([scrape_interval, scrape_timeout], [scrapeInterval, timeout]);
    });
  }

  it("are kept as long as the environment says, and never fill their volume", () => {
    const ephemeral = prometheusOf({ retention: "3d" });
    assert.equal(flagOf(ephemeral.pod.args, "--storage.tsdb.retention.time"), "3d");
    assert.equal(flagOf(ephemeral.pod.args, "--storage.tsdb.retention.size"), "8192MB");
    assert.deepEqual(ephemeral.pod.mounts.find(({ name }) => name === "data")?.source, {
      kind: "emptyDir",
      sizeLimit: "10Gi",
    });
    const kept = prometheusOf({ storage: "50Gi" });
    assert.equal(flagOf(kept.pod.args, "--storage.tsdb.retention.size"), "40960MB");
  });

  it("are kept on a claim of the environment's size and storage class", () => {
    const environment = environmentOf({
      cluster: clusterOf([H100], { storageClasses: { block: "fast" } }),
      observability: { mode: "bundled", storage: "50Gi" },
    });
    const { prometheus } = bundled(environment);
    assert.deepEqual(prometheus.claims, [
      { name: "prometheus-data", size: "50Gi", accessMode: "ReadWriteOnce", storageClass: "fast" },
    ]);
    // Two of them can't have one volume.
    assert.deepEqual([prometheus.replicas, prometheus.rollout.maxSurge], [1, 0]);
    assert.equal(prometheusOf({ storage: "50Gi" }).claims[0]?.storageClass, null);
  });

  it("are read by an ordinary user that can write its data alone", () => {
    const { security, mounts } = prometheusOf().pod;
    assert.deepEqual(security, { runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534, readOnlyRootFilesystem: true });
    assert.deepEqual(
      mounts.filter(({ readOnly }) => !readOnly).map(({ path }) => path),
      ["/prometheus"],
    );
  });
});

describe("Grafana", () => {
  it("asks this stack's Prometheus, under the uid the dashboards refer to", () => {
    const file = grafanaOf({ scrapeInterval: "30s" }).files["datasources.yaml"] ?? "";
    const { datasources } = parse(file) as { datasources: Record<string, unknown>[] };
    const [source] = datasources;
    assert.equal(source?.url, "http://prometheus.vllm-test.svc.cluster.local:9090");
    assert.equal(source.url, bundled(environmentOf()).prometheusUrl);
    assert.deepEqual([source.uid, source.type], [DATASOURCE.uid, DATASOURCE.type]);
    assert.equal(DATASOURCE_UID, DATASOURCE.uid);
    assert.deepEqual(source.jsonData, { timeInterval: "30s", httpMethod: "POST" });
  });

  it("finds its dashboards where they are mounted", () => {
    const { files, pod } = grafanaOf();
    const { providers } = parse(files["dashboards.yaml"] ?? "") as { providers: { options: { path: string } }[] };
    const mounted = pod.mounts.find(({ source }) => source.kind === "configMap");
    assert.deepEqual(mounted?.source, { kind: "configMap", name: "grafana-dashboards" });
    assert.equal(providers[0]?.options.path, mounted.path);
  });

  it("reads each of its two files from the folder it looks for it in", () => {
    const files = grafanaOf().pod.mounts.flatMap(({ path, source }) =>
      source.kind === "files" ? [[path, source.items]] : [],
    );
    assert.deepEqual(files, [
      ["/etc/grafana/provisioning/datasources", ["datasources.yaml"]],
      ["/etc/grafana/provisioning/dashboards", ["dashboards.yaml"]],
    ]);
  });

  it("lets nobody in without the password, which comes from a Secret", () => {
    const { env } = grafanaOf().pod;
    const value = (name: string) => env.find((variable) => variable.name === name);
    assert.deepEqual(value("GF_AUTH_ANONYMOUS_ENABLED"), { name: "GF_AUTH_ANONYMOUS_ENABLED", value: "false" });
    assert.deepEqual(value("GF_USERS_ALLOW_SIGN_UP"), { name: "GF_USERS_ALLOW_SIGN_UP", value: "false" });
    assert.deepEqual(value("GF_SECURITY_ADMIN_PASSWORD"), {
      name: "GF_SECURITY_ADMIN_PASSWORD",
      secret: { name: "grafana-admin", key: "password" },
    });
  });

  it("calls nobody: no telemetry, no update checks, no plugins from outside", () => {
    const { env } = grafanaOf().pod;
    const off = env.flatMap((variable) => ("value" in variable && variable.value === "false" ? [variable.name] : []));
    for (const name of ["REPORTING_ENABLED", "CHECK_FOR_UPDATES", "CHECK_FOR_PLUGIN_UPDATES"]) {
      assert.ok(off.includes(`GF_ANALYTICS_${name}`), name);
    }
    assert.ok(env.some((variable) => "value" in variable && variable.name === "GF_PLUGINS_PREINSTALL_DISABLED"));
  });

  it("can be left out, and so can everything", () => {
    const plan = bundled(environmentOf({ observability: { mode: "bundled", grafana: { enabled: false } } }));
    assert.deepEqual([plan.grafana, plan.grafanaUrl], [null, null]);
    assert.ok(!plan.jobs.some(({ name }) => name === "grafana"));
    assert.equal(planOf(environmentOf({ observability: { mode: "none" } })).observability, null);
  });

  it("takes processor and memory from the environment, field by field", () => {
    const { resources } = grafanaOf({ grafana: { resources: { memory: "1Gi" } } }).pod;
    assert.deepEqual(resources, { requests: { cpu: "100m", memory: "1Gi" }, limits: { memory: "1Gi" } });
  });
});
