import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import type { ParsedFlag } from "../../catalog/flags.ts";
import type { Environment, Model } from "../../environments/schema/environment.ts";
import type { EngineCache } from "../cache.ts";
import type { EngineResources } from "./resources.ts";
import type { EngineTimes } from "./timing.ts";
import type { Findings } from "../findings.ts";
import type { PodPlan, PoolPlan } from "../types.ts";

/** What the rules look at: the settings of one model and everything that was made of them. */
export interface EngineInput {
  readonly environment: Environment;
  readonly model: Model;
  readonly index: number;
  readonly pool: PoolPlan | null;
  readonly shape: ArchitectureDescription | null;
  readonly pod: PodPlan;
  readonly cache: EngineCache | null;
  readonly needs: EngineResources;
  readonly times: EngineTimes;
}

/** {@link EngineInput} with its command line read as the program would read it. */
export interface EngineFacts extends EngineInput {
  /** Path of the model: `models[0]`. */
  readonly path: string;
  /** Version of vLLM whose flags hold. */
  readonly version: string;
  /** All flags of the command. */
  readonly flags: readonly ParsedFlag[];
  /** Flags of `extraArgs` alone. */
  readonly extra: readonly ParsedFlag[];
}

/** One rule: a name for tests and documentation, what it checks, and for which kinds of engine. */
export interface Rule {
  readonly id: string;
  /** One sentence for people. */
  readonly checks: string;
  readonly runtimes: readonly Model["runtime"][];
  readonly check: (facts: EngineFacts) => Findings;
}

/** Engines that run vLLM. */
export const VLLM: readonly Model["runtime"][] = ["cuda", "cpu"];
/** All engines. */
export const ALL: readonly Model["runtime"][] = ["cuda", "cpu", "simulator"];

/** The last use of a flag in the whole command: the one that counts. */
export function flagOf(facts: EngineFacts, name: string): ParsedFlag | undefined {
  return facts.flags.findLast((parsed) => parsed.flag.name === name);
}

/** The value of a flag in the whole command. */
export function valueOf(facts: EngineFacts, name: string): string | undefined {
  return flagOf(facts, name)?.values[0];
}

/** Whether a switch is on in the whole command. */
export function isOn(facts: EngineFacts, name: string): boolean {
  return flagOf(facts, name)?.on === true;
}

/** Path of an argument of `extraArgs`; of the whole list where it is not found. */
export function extraPath(facts: Pick<EngineFacts, "model" | "path">, argument: string): string {
  const word = argument.split(" ")[0] ?? argument;
  const at = facts.model.extraArgs.findIndex((arg) => arg === word || arg.startsWith(`${word}=`));
  return at === -1 ? `${facts.path}.extraArgs` : `${facts.path}.extraArgs[${at}]`;
}

/** Path of a variable of `env`. */
export function envPath(facts: Pick<EngineFacts, "path">, name: string): string {
  return `${facts.path}.env.${name}`;
}
