import { z } from "zod";
import { Resources } from "./common.ts";

/** How a router picks an engine. */
export const Routing = z
  .discriminatedUnion("policy", [
    z.strictObject({ policy: z.literal("roundRobin") }).describe("Each engine in turn."),
    z
      .strictObject({
        policy: z.literal("session"),
        sessionKey: z
          .string()
          .regex(/^[A-Za-z0-9-]+$/, "must be the name of an HTTP header")
          .default("x-session-id")
          .describe("HTTP header that names the session; its requests go to one engine."),
      })
      .describe("All requests of a session to the engine that has its KV cache."),
    z
      .strictObject({
        policy: z.literal("prefixAware"),
        cacheThreshold: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe("vllm-router: share of a prompt that must match for its engine to be chosen."),
        balanceAbsoluteThreshold: z
          .int()
          .min(0)
          .optional()
          .describe("vllm-router: difference of running requests from which load decides instead of the prefix."),
        balanceRelativeThreshold: z
          .number()
          .min(1)
          .optional()
          .describe("vllm-router: the same as a ratio; both must be exceeded."),
      })
      .describe("The engine that has answered the longest shared prefix."),
  ])
  .describe("How a router picks an engine.");

/** Settings of all routers of a stack; every model has its own. */
export const Router = z
  .strictObject({
    implementation: z
      .enum(["production-stack", "vllm-router"])
      .default("production-stack")
      .describe(
        "production-stack: the published lmcache/lmstack-router. vllm-router: vLLM's Rust router, whose image you build (images/vllm-router).",
      ),
    // Prefix-aware routing is what the production stack is for; it needs no cooperation from clients.
    routing: Routing.prefault({ policy: "prefixAware" }),
    replicas: z
      .int()
      .min(1)
      .optional()
      .describe("Routers per model. Default: two, or one where the policy keeps its state in the router."),
    resources: Resources.prefault({ cpu: "500m", memory: "1Gi" }).describe("Processor and memory of one router."),
    requestTimeoutSeconds: z.int().min(1).default(600).describe("Longest time a request may take."),
    logLevel: z.enum(["debug", "info", "warning", "error"]).default("info").describe("How much routers log."),
  })
  .prefault({})
  .describe("Settings of all routers.");
