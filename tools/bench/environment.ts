import type { ConfigValue } from "../../rehearsal/engine/workspace.ts";

/** The context the benchmark's environment names. */
export const BENCH_CONTEXT = "bench";

/** Settings of an environment with so many models, on a pool that holds them all. */
export function benchSettings(models: number): Record<string, ConfigValue> {
  return {
    cluster: {
      provider: "existing",
      context: BENCH_CONTEXT,
      gpuPools: [{ name: "h100", accelerator: "h100", gpusPerNode: 8, nodes: Math.ceil(models / 4) }],
    },
    models: Array.from({ length: models }, (_, index) => ({
      name: `model-${index}`,
      model: "Qwen/Qwen3-8B",
      servedName: `qwen3-8b-${index}`,
      replicas: 2,
      maxModelLength: 16384,
    })),
    router: { implementation: "production-stack", routing: { policy: "prefixAware" } },
    observability: { mode: "bundled" },
  };
}

/** A kubeconfig with that context; nothing is asked of its server. */
export function benchKubeconfig(): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: BENCH_CONTEXT, cluster: { server: "https://127.0.0.1:1" } }],
    users: [{ name: BENCH_CONTEXT, user: {} }],
    contexts: [{ name: BENCH_CONTEXT, context: { cluster: BENCH_CONTEXT, user: BENCH_CONTEXT } }],
    "current-context": BENCH_CONTEXT,
  });
}
