import { z } from "zod";
import { Duration, Memory, Resources } from "./common.ts";

/** Metrics and dashboards. */
export const Observability = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("none") }).describe("Nothing is installed."),
    z
      .strictObject({
        mode: z.literal("bundled"),
        scrapeInterval: Duration.default("15s").describe("How often metrics are read."),
        retention: Duration.default("15d").describe("How long metrics are kept."),
        storage: Memory.optional().describe(
          "Size of Prometheus's volume. Default: none, metrics are lost with its pod.",
        ),
        prometheus: z
          .strictObject({ resources: Resources.prefault({ cpu: "250m", memory: "1Gi" }) })
          .prefault({})
          .describe("Prometheus."),
        grafana: z
          .strictObject({
            enabled: z.boolean().default(true).describe("Whether Grafana runs."),
            resources: Resources.prefault({ cpu: "100m", memory: "512Mi" }),
          })
          .prefault({})
          .describe(
            "Grafana, with its datasource and dashboards. The password is the secret grafanaPassword, generated if absent.",
          ),
      })
      .describe("A Prometheus and a Grafana of this stack alone."),
  ])
  .prefault({ mode: "bundled" })
  .describe("Metrics and dashboards.");
