import { parseFlags } from "./flags.ts";
import type { FlagProblem, FlagTable, ParsedFlag } from "./flags.ts";
import { PRODUCTION_STACK_FLAGS } from "./routers/production-stack.ts";
import { VLLM_ROUTER_FLAGS_0_1_14 } from "./routers/vllm-router-0.1.14.ts";
import { VLLM_ROUTER_FLAGS } from "./routers/vllm-router.ts";
import { compareVersions } from "./version.ts";

/**
 * The two programs that are both called `vllm-router`: the production stack's in Python (`lmcache/lmstack-router`) and
 * vllm-project/router in Rust.
 */
export type RouterImplementation = "production-stack" | "vllm-router";

/** Names of the implementations. */
export const routerImplementations = [
  "production-stack",
  "vllm-router",
] as const satisfies readonly RouterImplementation[];

/** What a request's engine is chosen by, in this project's words. */
export type RoutingPolicy =
  "roundRobin" | "session" | "prefixAware" | "kvAware" | "random" | "leastLoaded" | "disaggregated";

/** A policy as an implementation knows it. */
export interface PolicySupport {
  /** Value of its policy flag. */
  readonly value: string;
  /** True when each replica keeps state of its own, so that two replicas would undo each other's work. */
  readonly statePerReplica: boolean;
  /** First version looked at that has it, where the packaged one has not. */
  readonly since?: string;
  readonly note?: string;
}

/** Facts about an implementation. */
export interface Router {
  readonly flags: FlagTable;
  readonly policyFlag: string;
  readonly policies: Readonly<Partial<Record<RoutingPolicy, PolicySupport>>>;
}

/**
 * Policies of each implementation.
 * Source: vllm-project/production-stack `src/vllm_router/routers/routing_logic.py` of 2026-08-05 and vllm-project/router
 * 0.1.14 and 0.1.17, read 2026-11.
 */
// prettier-ignore
const ROUTERS: Readonly<Record<RouterImplementation, Router>> = {
  "production-stack": {
    flags: { program: "the production stack's vllm-router", flags: PRODUCTION_STACK_FLAGS, prefixes: true },
    policyFlag: "--routing-logic",
    policies: {
      roundRobin: { value: "roundrobin", statePerReplica: false },
      session: { value: "session", statePerReplica: false, note: "hash ring over the engines, by the header --session-key names" },
      prefixAware: { value: "prefixaware", statePerReplica: true, note: "a trie of prompts, without eviction" },
      kvAware: { value: "kvaware", statePerReplica: true, note: "embeds an LMCache controller of its own version" },
      disaggregated: { value: "disaggregated_prefill", statePerReplica: false },
    },
  },
  "vllm-router": {
    flags: { program: "vllm-router (vllm-project/router) 0.1.17", flags: VLLM_ROUTER_FLAGS, prefixes: true },
    policyFlag: "--policy",
    policies: {
      roundRobin: { value: "round_robin", statePerReplica: false },
      session: { value: "consistent_hash", statePerReplica: false, note: "by X-Session-ID, X-User-ID and the like, or session_id and user in the body" },
      prefixAware: { value: "cache_aware", statePerReplica: true, note: "a radix tree of prompts with eviction, balanced by load" },
      kvAware: { value: "kv_aware", statePerReplica: true, since: "0.1.17", note: "needs --worker-urls and KV events of the engines" },
      random: { value: "random", statePerReplica: false },
      leastLoaded: { value: "power_of_two", statePerReplica: false, note: "two or more engines" },
      disaggregated: { value: "round_robin", statePerReplica: false, note: "with --vllm-pd-disaggregation" },
    },
  },
};

/** Version of vllm-project/router whose wheel can be had from PyPI, which images and the rehearsal are built from. */
export const VLLM_ROUTER_VERSION = "0.1.17";

/**
 * The facts about that implementation.
 * @param version of vllm-project/router: 0.1.14 and 0.1.17 were read, others count as the next newer of them; the
 * production stack's router is known in one version
 */
export function router(implementation: RouterImplementation, version = VLLM_ROUTER_VERSION): Router {
  const newest = ROUTERS[implementation];
  if (implementation === "production-stack" || compareVersions(version, "0.1.14") > 0) return newest;
  const older = new Map(newest.flags.flags.filter(({ since }) => since === undefined).map((flag) => [flag.name, flag]));
  for (const flag of VLLM_ROUTER_FLAGS_0_1_14) older.set(flag.name, flag);
  const policies = Object.entries(newest.policies).filter(([, { since }]) => since === undefined);
  return {
    policyFlag: newest.policyFlag,
    policies: Object.fromEntries(policies),
    flags: {
      program: "vllm-router (vllm-project/router) 0.1.14",
      flags: [...older.values()],
      later: newest.flags.flags.filter(({ since }) => since !== undefined),
      prefixes: true,
    },
  };
}

/** Implementations that have the policy, for messages about one that lacks it. */
export function implementationsWith(policy: RoutingPolicy): readonly RouterImplementation[] {
  return routerImplementations.filter((name) => router(name).policies[policy] !== undefined);
}

/** A flag or a flag and its value, as the tables write what another flag needs: `--routing-logic kvaware`. */
function isGiven(parsed: readonly ParsedFlag[], wanted: string): boolean {
  const [name = "", value] = wanted.split(" ");
  return parsed.some(
    (argument) => argument.flag.name === name && (value === undefined || argument.values[0] === value),
  );
}

/** Alternatives of a condition, `--a x or y` included; free text is no condition. */
function alternatives(condition: string): readonly string[] {
  const [first = "", ...others] = condition.split(" or ");
  const flag = first.split(" ")[0] ?? "";
  return [first, ...others.map((other) => (other.startsWith("--") ? other : `${flag} ${other}`))];
}

/**
 * What that router would refuse at start, and flags without effect.
 * @param words the program's complete arguments
 * @param version as for {@link router}
 */
export function checkRouterArguments(
  implementation: RouterImplementation,
  words: readonly string[],
  version = VLLM_ROUTER_VERSION,
): readonly FlagProblem[] {
  const { flags } = router(implementation, version);
  const { parsed, problems } = parseFlags(flags, words);
  const holds = (condition: string): boolean => alternatives(condition).some((wanted) => isGiven(parsed, wanted));
  const missing: FlagProblem[] = flags.flags.flatMap((flag) => {
    const needed = flag.requiredWith !== undefined && holds(flag.requiredWith) ? ` with ${flag.requiredWith}` : "";
    if ((flag.required !== true && needed === "") || isGiven(parsed, flag.name)) return [];
    if (flag.name === "--service-discovery" && isGiven(parsed, "--external-providers-config")) return [];
    return [{ severity: "error", argument: flag.name, rule: `is needed${needed}`, remedy: `Add ${flag.name}.` }];
  });
  const idle: FlagProblem[] = parsed.flatMap(({ argument, flag }) =>
    (flag.requires ?? [])
      .filter((condition) => /^--\S+( \S+)?$/.test(condition) && !holds(condition))
      .map((condition) => ({
        severity: "warning",
        argument,
        rule: `has no effect without ${condition}`,
        remedy: `Add ${condition} or leave it away.`,
      })),
  );
  return [...problems, ...missing, ...idle];
}
