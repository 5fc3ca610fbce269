import { parseFlags, type ParsedFlag } from "../../catalog/flags.ts";
import { flagTable } from "../../catalog/vllm.ts";
import { flagVersionOf } from "../images.ts";
import type { EnginePlan } from "../types.ts";
import { COMMAND_WORDS } from "./rules-arguments.ts";
import { SIMULATOR_FLAGS } from "./simulator.ts";

/** A LoRA adapter an engine loads at its start. */
export interface Adapter {
  /** What clients put into `model`. */
  readonly name: string;
  /** A folder, or a repository of the hub. */
  readonly path: string;
}

/** Adapters of an engine, in the order of its command. */
export function adaptersOf({ runtime, workload: { pod } }: EnginePlan): readonly Adapter[] {
  const command = pod.command ?? [];
  return runtime === "simulator"
    ? adaptersIn(parseFlags(SIMULATOR_FLAGS, command.slice(1)).parsed)
    : adaptersIn(parseFlags(flagTable(flagVersionOf(pod.image)), command.slice(COMMAND_WORDS)).parsed);
}

/** Adapters that `--lora-modules` names, as `name=path` or as JSON objects; of several flags the last counts. */
export function adaptersIn(flags: readonly ParsedFlag[]): readonly Adapter[] {
  const modules = flags.findLast(({ flag }) => flag.name === "--lora-modules")?.values ?? [];
  return modules.flatMap((module) => {
    const [, name, path] = /^([^={]+)=(.*)$/s.exec(module) ?? [];
    return name === undefined || path === undefined ? fromJson(module) : [{ name, path }];
  });
}

function fromJson(text: string): readonly Adapter[] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("name" in value) || typeof value.name !== "string") return [];
    return [{ name: value.name, path: "path" in value && typeof value.path === "string" ? value.path : "" }];
  } catch {
    return [];
  }
}
