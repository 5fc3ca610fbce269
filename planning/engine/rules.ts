import { parseFlags, type ParsedFlag } from "../../catalog/flags.ts";
import { flagTable } from "../../catalog/vllm.ts";
import type { EngineFacts, EngineInput, Rule } from "./facts.ts";
import { ARGUMENT_RULES, COMMAND_WORDS } from "./rules-arguments.ts";
import { ENVIRONMENT_RULES } from "./rules-environment.ts";
import { FILE_RULES } from "./rules-files.ts";
import { MEMORY_RULES } from "./rules-memory.ts";
import { MODEL_RULES } from "./rules-model.ts";
import { SIMULATOR_RULES } from "./simulator.ts";
import { mergeFindings, type Findings } from "../findings.ts";
import { flagVersionOf } from "../images.ts";

/** Every rule an engine is held to before anything is created, in the order of messages. */
export const ENGINE_RULES: readonly Rule[] = [
  ...MODEL_RULES,
  ...FILE_RULES,
  ...ARGUMENT_RULES,
  ...MEMORY_RULES,
  ...ENVIRONMENT_RULES,
  ...SIMULATOR_RULES,
];

/** Everything wrong or doubtful about an engine as it would be started. */
export function checkEngine(input: EngineInput): Findings {
  const facts = factsOf(input);
  return mergeFindings(
    ...ENGINE_RULES.filter((rule) => rule.runtimes.includes(input.model.runtime)).map((rule) => rule.check(facts)),
  );
}

function factsOf(input: EngineInput): EngineFacts {
  const { model, pod } = input;
  const version = flagVersionOf(pod.image);
  const isVllm = model.runtime !== "simulator";
  const read = (words: readonly string[]): readonly ParsedFlag[] =>
    isVllm ? parseFlags(flagTable(version), words).parsed : [];
  return {
    ...input,
    path: `models[${input.index}]`,
    version,
    flags: read(pod.command?.slice(COMMAND_WORDS) ?? []),
    extra: read(model.extraArgs),
  };
}
