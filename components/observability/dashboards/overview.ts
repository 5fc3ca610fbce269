/* eslint-disable @typescript-eslint/no-deprecated --
   The SDK prefers dashboards of schema v2; provisioning from files reads the classic schema on every Grafana. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { BigValueGraphMode, ReduceDataOptionsBuilder, VisibilityMode } from "@grafana/grafana-foundation-sdk/common";
import {
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  YAxisConfigBuilder,
} from "@grafana/grafana-foundation-sdk/heatmap";
import { PanelBuilder as HeatmapBuilder } from "@grafana/grafana-foundation-sdk/heatmap";
import { DataqueryBuilder, PromQueryFormat } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as StatBuilder } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as TimeseriesBuilder } from "@grafana/grafana-foundation-sdk/timeseries";
import { DATASOURCE_UID } from "../../../planning/observability/grafana.ts";

/** A dashboard in Grafana's classic schema. */
export type ClassicDashboard = ReturnType<DashboardBuilder["build"]>;

/** The datasource that Grafana's provisioning makes of the stack's Prometheus. */
export const DATASOURCE = { type: "prometheus", uid: DATASOURCE_UID } as const;

/**
 * Which series the panels read. Routers re-export some of the engines' names (`vllm:num_requests_running`), so that a
 * sum over all jobs would count requests twice.
 */
const ENGINES = `job="engines",namespace=~"$namespace",model_name=~"$model"`;

/**
 * The dashboard of a stack: available instances, distributions of request latency and time to first token, running and
 * pending requests, use and hit rate of the KV cache. Metric names are those of vLLM's V1 engine.
 *
 * @see https://docs.vllm.ai/en/latest/usage/metrics.html
 */
export function overviewDashboard(): ClassicDashboard {
  return (
    new DashboardBuilder("vLLM production stack")
      .uid("vllm-stack-overview")
      .tags(["vllm"])
      .time({ from: "now-30m", to: "now" })
      .refresh("10s")
      .timezone("browser")
      .tooltip(DashboardCursorSync.Crosshair)
      // Provisioned from a file: what people save here would be lost.
      .readonly()
      .withVariable(variable("namespace", "Namespace", `label_values(up{job="engines"}, namespace)`))
      .withVariable(
        variable(
          "model",
          "Model",
          `label_values(vllm:num_requests_running{job="engines",namespace=~"$namespace"}, model_name)`,
        ),
      )
      .withPanel(availableInstances().id(1).span(4).height(8))
      .withPanel(
        distribution(
          "Request latency distribution",
          "vllm:e2e_request_latency_seconds",
          "From arrival to the last token.",
        )
          .id(2)
          .span(10)
          .height(8),
      )
      .withPanel(
        distribution(
          "Time to first token distribution",
          "vllm:time_to_first_token_seconds",
          "From arrival to the first token, as the engine sees it.",
        )
          .id(3)
          .span(10)
          .height(8),
      )
      .withPanel(
        requests("Running requests", "vllm:num_requests_running", "Requests in the current batch of each engine.")
          .id(4)
          .span(12)
          .height(8),
      )
      .withPanel(
        requests(
          "Pending requests",
          "vllm:num_requests_waiting",
          "Requests that wait for a place in each engine's batch.",
        )
          .id(5)
          .span(12)
          .height(8),
      )
      .withPanel(kvUsage().id(6).span(12).height(8))
      .withPanel(kvHitRate().id(7).span(12).height(8))
      .build()
  );
}

/** A variable filled from Prometheus; all values are selected at first, and a label that is absent matches as well. */
function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATASOURCE)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(".*")
    .current({ selected: true, text: "All", value: "$__all" });
}

function query(expr: string, legend: string): DataqueryBuilder {
  return new DataqueryBuilder().refId("A").datasource(DATASOURCE).expr(expr).legendFormat(legend).range();
}

/** An engine that doesn't answer its scrape has no current series and is not counted. */
function availableInstances(): StatBuilder {
  const expr = `count by (model_name) (count by (model_name, pod) (vllm:num_requests_running{${ENGINES}}))`;
  return new StatBuilder()
    .title("Available vLLM instances")
    .description("Engines that answer, by model.")
    .datasource(DATASOURCE)
    .noValue("0")
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["lastNotNull"]))
    .withTarget(query(expr, "{{model_name}}").instant());
}

/** Requests per bucket and interval: cumulative buckets would show the engine's whole life and break at restarts. */
function distribution(title: string, metric: string, description: string): HeatmapBuilder {
  const expr = `sum by (le) (increase(${metric}_bucket{${ENGINES}}[$__rate_interval]))`;
  return new HeatmapBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder()
        .mode(HeatmapColorMode.Scheme)
        .scheme("Spectral")
        .fill("dark-orange")
        .exponent(0.5)
        .steps(64)
        .reverse(true),
    )
    .yAxis(new YAxisConfigBuilder().unit("s"))
    .cellGap(1)
    .withTarget(query(expr, "{{le}}").format(PromQueryFormat.Heatmap));
}

function lines(title: string, description: string): TimeseriesBuilder {
  return new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .min(0)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Never);
}

function requests(title: string, metric: string, description: string): TimeseriesBuilder {
  return lines(title, description)
    .decimals(0)
    .withTarget(query(`sum by (model_name, pod) (${metric}{${ENGINES}})`, "{{model_name}} {{pod}}"));
}

function kvUsage(): TimeseriesBuilder {
  const expr = `max by (model_name, pod) (vllm:kv_cache_usage_perc{${ENGINES}})`;
  return lines("GPU KV cache usage", "Share of KV blocks in use; above 95 % requests queue or are preempted.")
    .unit("percentunit")
    .max(1)
    .withTarget(query(expr, "{{model_name}} {{pod}}"));
}

function kvHitRate(): TimeseriesBuilder {
  const tokens = (metric: string) => `sum by (model_name) (rate(${metric}{${ENGINES}}[$__rate_interval]))`;
  const hits = tokens("vllm:prefix_cache_hits_total");
  // Without traffic there is nothing to divide by; the rate is then shown as 0.
  const queries = `clamp_min(${tokens("vllm:prefix_cache_queries_total")}, 1e-9)`;
  return lines("GPU KV cache hit rate", "Share of prompt tokens found in the prefix cache.")
    .unit("percentunit")
    .max(1)
    .withTarget(query(`${hits} / ${queries}`, "{{model_name}}"));
}
