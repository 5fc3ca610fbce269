import { stringify } from "yaml";
import type { Environment } from "../../environments/schema/environment.ts";
import { imageFor } from "../images.ts";
import { labelsOf, nameOf, SECRETS, selectorOf } from "../names.ts";
import type { BundledSettings } from "./prometheus.ts";
import { ordinaryPlace, ownFiles, resources, scratch, stopAtOnce, surgeRollout } from "../stateless.ts";
import type { EnvironmentVariable, WorkloadPlan } from "../types.ts";

/** Port of Grafana. */
export const GRAFANA_PORT = 3000;

/** ConfigMap of the dashboards, which the component makes. */
export const DASHBOARDS_CONFIG_MAP = "grafana-dashboards";

/** uid of the datasource, which dashboards refer to. */
export const DATASOURCE_UID = "prometheus";

const DASHBOARDS_PATH = "/var/lib/grafana-dashboards";
const PROVISIONING_PATH = "/etc/grafana/provisioning";
const DATA_PATH = "/var/lib/grafana";

/** Longest time from scheduling to readiness in seconds. */
const START_SECONDS = 600;

/** Grafana's settings. It has no way out of the stack, so it must not try to call home, to look for updates or plugins. */
const SETTINGS: Readonly<Record<string, string>> = {
  GF_SECURITY_ADMIN_USER: "admin",
  GF_SECURITY_DISABLE_GRAVATAR: "true",
  GF_AUTH_ANONYMOUS_ENABLED: "false",
  GF_USERS_ALLOW_SIGN_UP: "false",
  GF_ANALYTICS_REPORTING_ENABLED: "false",
  GF_ANALYTICS_CHECK_FOR_UPDATES: "false",
  GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: "false",
  GF_NEWS_NEWS_FEED_ENABLED: "false",
  GF_SNAPSHOTS_EXTERNAL_ENABLED: "false",
  GF_PLUGINS_PREINSTALL_DISABLED: "true",
  GF_PLUGINS_PLUGIN_ADMIN_ENABLED: "false",
  GF_PATHS_PROVISIONING: PROVISIONING_PATH,
  GF_PATHS_DATA: DATA_PATH,
  GF_PATHS_LOGS: `${DATA_PATH}/log`,
  GF_PATHS_PLUGINS: `${DATA_PATH}/plugins`,
  GF_LOG_MODE: "console",
};

/**
 * Grafana as a workload. Its datasource and dashboards are files; what people change in it lasts as long as its pod.
 *
 * @param prometheusUrl base URL of the datasource, inside the cluster
 */
export function planGrafana(
  environmentName: string,
  environment: Environment,
  settings: BundledSettings,
  prometheusUrl: string,
): WorkloadPlan {
  const { cpu = "100m", memory = "512Mi" } = settings.grafana.resources;
  const health = { http: { path: "/api/health", port: "http" }, timeoutSeconds: 5 };
  return {
    name: nameOf("grafana"),
    labels: labelsOf(environmentName, "grafana"),
    selector: selectorOf(environmentName, "grafana"),
    replicas: 1,
    pod: {
      container: "grafana",
      image: imageFor(environment, "grafana"),
      command: null,
      args: null,
      env: variables(),
      ports: [{ name: "http", port: GRAFANA_PORT }],
      probes: {
        // A first start makes its database, on a slow disk for minutes.
        startup: { ...health, periodSeconds: 3, failureThreshold: 100 },
        readiness: { ...health, periodSeconds: 5, failureThreshold: 3 },
        liveness: { ...health, periodSeconds: 15, failureThreshold: 6 },
      },
      resources: resources(cpu, memory),
      mounts: [
        ownFiles("datasources", `${PROVISIONING_PATH}/datasources`, ["datasources.yaml"]),
        ownFiles("dashboard-providers", `${PROVISIONING_PATH}/dashboards`, ["dashboards.yaml"]),
        {
          name: "dashboards",
          path: DASHBOARDS_PATH,
          readOnly: true,
          source: { kind: "configMap", name: DASHBOARDS_CONFIG_MAP },
        },
        scratch("data", DATA_PATH, "1Gi"),
        scratch("tmp", "/tmp", "256Mi"),
      ],
      security: { runAsUser: 472, runAsGroup: 0, fsGroup: 472, readOnlyRootFilesystem: true },
      ...ordinaryPlace(environment),
      ...stopAtOnce(),
    },
    service: { ports: [{ name: "http", port: GRAFANA_PORT, target: "http" }] },
    rollout: surgeRollout(START_SECONDS),
    disruption: null,
    apiAccess: [],
    files: {
      "datasources.yaml": datasources(prometheusUrl, settings.scrapeInterval),
      "dashboards.yaml": dashboardProviders(),
    },
    claims: [],
    timeoutSeconds: START_SECONDS,
  };
}

function variables(): EnvironmentVariable[] {
  return [
    ...Object.entries(SETTINGS).map(([name, value]) => ({ name, value })),
    { name: "GF_SECURITY_ADMIN_PASSWORD", secret: SECRETS.grafana },
  ];
}

/** The interval makes Grafana's `$__rate_interval` at least four scrapes long. */
function datasources(url: string, scrapeInterval: string): string {
  return stringify({
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        uid: DATASOURCE_UID,
        type: "prometheus",
        access: "proxy",
        url,
        isDefault: true,
        editable: false,
        jsonData: { timeInterval: scrapeInterval, httpMethod: "POST" },
      },
    ],
  });
}

function dashboardProviders(): string {
  return stringify({
    apiVersion: 1,
    providers: [
      {
        name: "vllm-stack",
        type: "file",
        folder: "vLLM",
        disableDeletion: true,
        allowUiUpdates: false,
        options: { path: DASHBOARDS_PATH },
      },
    ],
  });
}
