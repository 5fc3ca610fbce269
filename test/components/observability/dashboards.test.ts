import assert from "node:assert/strict";
import { overviewDashboard } from "../../../components/observability/dashboards/overview.ts";
import { dashboardFile, queriesOf } from "../../../components/observability/dashboards/queries.ts";
import { at, listAt } from "../../support/values.ts";

const PANELS = [
  "Available vLLM instances",
  "Request latency distribution",
  "Time to first token distribution",
  "Running requests",
  "Pending requests",
  "GPU KV cache usage",
  "GPU KV cache hit rate",
];

/** Names vLLM's V1 engine exports (0.33, 2026-11-20); a panel on any other name stays empty. */
const METRICS = [
  "vllm:num_requests_running",
  "vllm:num_requests_waiting",
  "vllm:kv_cache_usage_perc",
  "vllm:prefix_cache_hits_total",
  "vllm:prefix_cache_queries_total",
  "vllm:e2e_request_latency_seconds_bucket",
  "vllm:time_to_first_token_seconds_bucket",
];

describe("the overview dashboard", () => {
  const dashboard = overviewDashboard();
  const file: unknown = JSON.parse(dashboardFile(dashboard));

  it("has the seven panels of the production stack", () => {
    assert.deepEqual(
      (dashboard.panels ?? []).map(({ title }) => title),
      PANELS,
    );
  });

  it("reads metrics that engines of today export, each of them somewhere", () => {
    const used = queriesOf(dashboard).flatMap(({ expr }) => expr.match(/vllm:\w+/g) ?? []);
    assert.deepEqual([...new Set(used)].sort(), [...METRICS].sort());
  });

  it("reads engines only, because routers export some of the same names", () => {
    for (const { panel, expr } of queriesOf(dashboard)) {
      for (const selector of expr.match(/\{[^}]*\}/g) ?? []) assert.match(selector, /job="engines"/, panel);
    }
  });

  it("shows what happened in an interval, not in the whole life of an engine", () => {
    for (const { panel, expr } of queriesOf(dashboard)) {
      if (/_bucket|_total/.test(expr)) assert.match(expr, /(rate|increase)\(vllm:/, panel);
    }
  });

  it("draws distributions as heatmaps of Prometheus's buckets", () => {
    const heatmaps = listAt(file, "panels").filter((panel) => at(panel, "type") === "heatmap");
    assert.equal(heatmaps.length, 2);
    for (const panel of heatmaps) {
      assert.equal(at(panel, "options", "calculate"), false);
      assert.equal(at(panel, "targets", 0, "format"), "heatmap");
      assert.equal(at(panel, "targets", 0, "legendFormat"), "{{le}}");
    }
  });

  it("asks the datasource that provisioning makes, in every panel, query and variable", () => {
    const holders = [...listAt(file, "panels"), ...listAt(file, "templating", "list")];
    const targets = listAt(file, "panels").flatMap((panel) => listAt(panel, "targets"));
    for (const holder of [...holders, ...targets]) {
      assert.deepEqual(at(holder, "datasource"), { type: "prometheus", uid: "prometheus" });
    }
  });

  it("can be narrowed to namespaces and models, and shows all at first", () => {
    assert.deepEqual(
      listAt(file, "templating", "list").map((entry) => [at(entry, "name"), at(entry, "current", "value")]),
      [
        ["namespace", "$__all"],
        ["model", "$__all"],
      ],
    );
    const chosen = queriesOf(dashboard, { namespace: "a|b", model: "m", __rate_interval: "5m" });
    for (const { expr } of chosen) assert.match(expr, /namespace=~"a\|b",model_name=~"m"/);
  });

  it("leaves no variable in the queries that tests send to Prometheus", () => {
    for (const { expr } of queriesOf(dashboard)) assert.doesNotMatch(expr, /\$/);
    assert.throws(() => queriesOf(dashboard, { namespace: ".*", __rate_interval: "1m" }), /\$model has no value/);
  });

  it("fills rows of 24 columns without overlap, and gives every panel an id of its own", () => {
    const places = listAt(file, "panels").map((panel) =>
      ["x", "y", "w"].map((key) => Number(at(panel, "gridPos", key))),
    );
    const rows = Map.groupBy(places, ([, y]) => y);
    for (const row of rows.values()) {
      const widths = row.map(([, , w]) => w ?? 0);
      assert.equal(
        widths.reduce((sum, width) => sum + width, 0),
        24,
      );
    }
    const ids = listAt(file, "panels").map((panel) => at(panel, "id"));
    assert.equal(new Set(ids).size, PANELS.length);
  });

  it("is the same text every time, so that a preview without a change shows none", () => {
    assert.equal(dashboardFile(overviewDashboard()), dashboardFile(dashboard));
  });
});
