import { hostOf, nameOf, selectorOf } from "../../planning/names.ts";
import type { Component } from "../../planning/names.ts";
import type { EnginePlan, Flow, Peer, Plan, RouterPlan } from "../../planning/types.ts";
import { ENVIRONMENT, workloadPlan } from "./workload-plan.ts";

const WATCH_PODS = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }];

function enginePlan(model: string): EnginePlan {
  return {
    model,
    source: `example/${model}`,
    servedName: `example/${model}`,
    runtime: "cuda",
    pool: "l4",
    gpusPerReplica: 1,
    maxModelLength: 8192,
    fit: null,
    start: null,
    cache: null,
    workload: workloadPlan("engine", {
      model,
      pod: {
        container: "vllm",
        command: ["vllm", "serve", `example/${model}`],
        env: [
          { name: "HF_TOKEN", secret: { name: "hugging-face", key: "token" } },
          { name: "VLLM_API_KEY", secret: { name: "engine-key", key: "key" } },
          { name: "POD_IP", field: "status.podIP" },
        ],
        resources: {
          requests: { cpu: "4", memory: "16Gi", "nvidia.com/gpu": "1" },
          limits: { memory: "16Gi", "nvidia.com/gpu": "1" },
        },
        mounts: [
          { name: "shm", path: "/dev/shm", readOnly: false, source: { kind: "memory", sizeLimit: "2Gi" } },
          { name: "weights", path: "/weights", readOnly: false, source: { kind: "emptyDir", sizeLimit: "40Gi" } },
        ],
        nodeSelector: { pool: "l4" },
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        preStopSeconds: 15,
        terminationGracePeriodSeconds: 180,
      },
      set: { rollout: { maxSurge: 0, maxUnavailable: 1, progressDeadlineSeconds: 1800 }, timeoutSeconds: 2400 },
    }),
  };
}

function routerPlan(model: string): RouterPlan {
  return {
    model,
    implementation: "vllm-router",
    policy: "prefixAware",
    replicasReason: "one router keeps the prefix tree",
    address: `${hostOf(ENVIRONMENT, "router", model)}:8000`,
    workload: workloadPlan("router", { model, set: { replicas: 1, apiAccess: WATCH_PODS } }),
  };
}

const FRONT = workloadPlan("front", {
  pod: {
    mounts: [
      { name: "config", path: "/etc/front", readOnly: true, source: { kind: "files" } },
      { name: "keys", path: "/etc/front-keys", readOnly: true, source: { kind: "secret", secret: "api-keys" } },
      { name: "tmp", path: "/tmp", readOnly: false, source: { kind: "emptyDir", sizeLimit: "64Mi" } },
    ],
  },
  set: { files: { "nginx.conf": "events {}\n" } },
});

const PROMETHEUS = workloadPlan("prometheus", {
  pod: {
    mounts: [
      { name: "config", path: "/etc/prometheus", readOnly: true, source: { kind: "files" } },
      { name: "data", path: "/prometheus", readOnly: false, source: { kind: "claim", claim: "prometheus-data" } },
    ],
  },
  set: {
    replicas: 1,
    apiAccess: WATCH_PODS,
    files: { "prometheus.yml": "scrape_configs: []\n" },
    claims: [{ name: "prometheus-data", size: "10Gi", accessMode: "ReadWriteOnce", storageClass: "fast" }],
  },
});

const GRAFANA = workloadPlan("grafana", {
  pod: {
    env: [{ name: "GF_SECURITY_ADMIN_PASSWORD", secret: { name: "grafana-admin", key: "password" } }],
    mounts: [
      {
        name: "dashboards",
        path: "/dashboards",
        readOnly: true,
        source: { kind: "configMap", name: "grafana-dashboards" },
      },
      {
        name: "provisioning",
        path: "/provisioning",
        readOnly: true,
        source: { kind: "files", items: ["datasource.yaml"] },
      },
    ],
  },
  set: { replicas: 1, files: { "datasource.yaml": "apiVersion: 1\n" } },
});

function pods(component: Component, model?: string): Peer {
  return { kind: "pods", selector: selectorOf(ENVIRONMENT, component, model), label: nameOf(component, model) };
}

function flow(from: Peer, to: Peer, ...ports: number[]): Flow {
  return { from, to, ports, reason: "as the design says" };
}

const CIDRS = { kind: "apiServer", cidrs: ["192.0.2.0/24"] } as const;

function flowsOf(models: readonly string[]): Flow[] {
  return [
    flow({ kind: "cluster" }, pods("front"), 8000),
    flow(pods("front"), { kind: "dns" }, 53),
    ...models.flatMap((model) => [
      flow(pods("front"), pods("router", model), 8000),
      flow(pods("router", model), pods("engine", model), 8000),
      flow(pods("router", model), { kind: "dns" }, 53),
      flow(pods("router", model), CIDRS, 443, 6443),
      flow(pods("engine", model), { kind: "dns" }, 53),
      flow(pods("engine", model), { kind: "internet" }, 443),
      flow(pods("engine", model), pods("cache"), 65432),
      flow(pods("prometheus"), pods("engine", model), 8000),
      flow(pods("prometheus"), pods("router", model), 8000),
    ]),
    flow(pods("prometheus"), CIDRS, 443, 6443),
    flow(pods("prometheus"), { kind: "dns" }, 53),
    flow(pods("grafana"), pods("prometheus"), 9090),
    flow(pods("grafana"), { kind: "dns" }, 53),
  ];
}

/**
 * A plan with one of everything, written out: two models on GPUs, a cache server, Prometheus with a volume, Grafana,
 * the device plugin with time slicing. Components are tested with it, whatever planners decide.
 */
export function literalPlan(): Plan {
  const models = ["llama", "qwen"];
  return {
    environment: ENVIRONMENT,
    namespace: `vllm-${ENVIRONMENT}`,
    cluster: {
      provider: "existing",
      identity: "cluster-of-test",
      context: null,
      kubeconfigFromSecret: true,
      storage: { block: "fast", shared: null },
      apiServerCidrs: [...CIDRS.cidrs],
    },
    pools: [
      {
        name: "l4",
        accelerator: "l4",
        gpusPerNode: 4,
        nodes: 2,
        nodeSelector: { pool: "l4" },
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        allocatable: { cpu: 47.5, memoryGiB: 180 },
        driverOwner: "whoever made the cluster",
        devicePluginOwner: "stack",
        sharedBy: 2,
        pricePerNodeHour: 3.5,
        gpusRequested: 4,
      },
    ],
    devicePlugin: {
      image: "example.com/device-plugin:0.20.0",
      namespace: "kube-system",
      pools: [
        { name: "l4", nodeSelector: { pool: "l4" }, tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }] },
        {
          name: "h100",
          nodeSelector: { pool: "h100", tier: "gold" },
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        },
      ],
      config: "version: v1\n",
      runtimeClass: "nvidia",
    },
    engines: models.map(enginePlan),
    routers: models.map(routerPlan),
    cacheServer: workloadPlan("cache", {
      set: { replicas: 1, service: { ports: [{ name: "cache", port: 65432, target: "http" }] } },
    }),
    front: {
      routes: models.map((model) => ({
        servedName: `example/${model}`,
        model,
        address: `${hostOf(ENVIRONMENT, "router", model)}:8000`,
      })),
      keys: [
        { name: "alice", requestsPerMinute: null },
        { name: "bob", requestsPerMinute: 60 },
      ],
      endpoint: `http://${hostOf(ENVIRONMENT, "front")}:8000/v1`,
      workload: FRONT,
    },
    observability: {
      prometheus: PROMETHEUS,
      prometheusUrl: `http://${hostOf(ENVIRONMENT, "prometheus")}:9090`,
      jobs: [],
      grafana: GRAFANA,
      grafanaUrl: `http://${hostOf(ENVIRONMENT, "grafana")}:3000`,
    },
    secrets: [
      {
        name: "engine-key",
        entries: [{ key: "key", source: { kind: "generated", resource: "engine-key", length: 48 } }],
      },
      { name: "hugging-face", entries: [{ key: "token", source: { kind: "config", configKey: "huggingFaceToken" } }] },
      {
        name: "api-keys",
        entries: [
          {
            key: "digests.json",
            source: {
              kind: "apiKeyDigests",
              keys: [
                { name: "alice", from: "config" },
                { name: "bob", from: "generated" },
              ],
            },
          },
        ],
      },
      {
        name: "grafana-admin",
        entries: [{ key: "password", source: { kind: "generated", resource: "grafana-password", length: 24 } }],
      },
    ],
    flows: flowsOf(models),
    cost: { lines: [], perHour: 7, unpriced: [], budgetPerHour: null },
    warnings: [],
  };
}
