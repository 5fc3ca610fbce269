import { z } from "zod";
import { Access } from "./access.ts";
import { Cache } from "./cache.ts";
import { Cluster } from "./cluster.ts";
import { Images } from "./images.ts";
import { Layer } from "./layer.ts";
import { Models } from "./models.ts";
import { Observability } from "./observability.ts";
import { Router } from "./router.ts";

const Secret = z.string().min(1).optional();

/**
 * One environment: everything a stack's YAML file says, below the prefix `vllm-stack:`.
 * Secrets appear here with a placeholder for their value, so that plans and reports can't hold one.
 */
export const Environment = z.strictObject({
  layer: Layer,
  cluster: Cluster,
  models: Models,
  router: Router,
  cache: Cache.prefault({ kind: "none" }),
  observability: Observability,
  access: Access,
  images: Images,
  budget: z
    .strictObject({ maxPerHour: z.number().positive().describe("US dollars per hour at the largest size.") })
    .optional()
    .describe("What the environment may cost; more is refused."),
  paused: z.boolean().default(false).describe("Scales all engines to zero; everything else stays."),
  huggingFaceToken: Secret.describe("Token for gated models and higher download limits. A secret."),
  apiKeys: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("Values of the keys in access.keys, by name. Secrets."),
  grafanaPassword: Secret.describe("Password of Grafana's user admin. A secret."),
});

/** An environment with all defaults filled in. */
export type Environment = z.output<typeof Environment>;
/** An environment as people write it. */
export type EnvironmentInput = z.input<typeof Environment>;
/** One model of an environment. */
export type Model = Environment["models"][number];
/** Where the cluster comes from. */
export type Cluster = Environment["cluster"];
/** A GPU pool of an existing cluster. */
export type ExistingGpuPool = Extract<Cluster, { provider: "existing" }>["gpuPools"][number];
/** How a router picks an engine. */
export type Routing = Environment["router"]["routing"];
/** KV cache settings. */
export type Cache = Environment["cache"];

/** Top-level keys whose values are secrets; `apiKeys` is a map of them. */
export const SECRET_KEYS = ["huggingFaceToken", "apiKeys", "grafanaPassword"] as const;
