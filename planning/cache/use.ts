import type { Cache, Environment, Model } from "../../environments/schema/environment.ts";

/** The cache settings that hold for a model: its own, or the stack's. */
export function cacheOf(environment: Environment, model: Model): Cache {
  return model.cache ?? environment.cache;
}

/** Whether a model's engines carry LMCache; on CPUs and simulators it would do nothing, and asking for it is refused. */
export function usesCache(environment: Environment, model: Model): boolean {
  return model.runtime === "cuda" && cacheOf(environment, model).kind === "lmcache";
}
