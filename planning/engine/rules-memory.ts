import type { ParsedFlag } from "../../catalog/flags.ts";
import { extraPath, flagOf, type EngineFacts, type Rule } from "./facts.ts";
import { NO_FINDINGS, warned, type Findings } from "../findings.ts";

/** Only engines with a GPU have a fit that could leave something out. */
const FITTED: Rule["runtimes"] = ["cuda"];

/** Names of vLLM's n-gram speculator, which `model` of `--speculative-config` takes beside real models. Source: vLLM `config/speculative.py`. */
const NGRAM: readonly string[] = ["ngram", "[ngram]"];

/** The draft model that flags name, and the argument it stands in. */
interface Draft {
  readonly model: unknown;
  readonly argument: string;
}

/** What the last flag with a draft model says: `--speculative-config` as JSON or with the key `model`, or `--spec-model`. */
function draftOf({ flags }: EngineFacts): Draft | undefined {
  return flags
    .map((parsed): Draft => ({ model: namedIn(parsed), argument: parsed.argument }))
    .findLast(({ model }) => model !== undefined);
}

function namedIn({ flag, key, values: [value] }: ParsedFlag): unknown {
  if (value === undefined) return undefined;
  if (flag.name === "--spec-model") return value;
  if (flag.name !== "--speculative-config") return undefined;
  if (key === undefined) return modelIn(value);
  return key === "model" ? value : undefined;
}

/** Invalid JSON is an error of the flag table. */
function modelIn(json: string): unknown {
  try {
    const config: unknown = JSON.parse(json);
    return typeof config === "object" && config !== null && "model" in config ? config.model : undefined;
  } catch {
    return undefined;
  }
}

function checkDraft(facts: EngineFacts): Findings {
  const draft = draftOf(facts);
  if (typeof draft?.model !== "string" || NGRAM.includes(draft.model)) return NO_FINDINGS;
  return warned(
    extraPath(facts, draft.argument),
    `The fit does not count the draft model ${draft.model}: its weights and its KV cache are taken from the same GPUs. Leave room for both, and look at the KV cache in the engine's log.`,
  );
}

function checkOffload(facts: EngineFacts): Findings {
  const offload = flagOf(facts, "--cpu-offload-gb");
  const value = offload?.values[0];
  if (offload === undefined || value === undefined || !(Number(value) > 0)) return NO_FINDINGS;
  return warned(
    extraPath(facts, offload.argument),
    `The fit does not count --cpu-offload-gb ${value}: it expects all weights on the GPUs, so that the KV cache gets larger than planned, and every step waits for the offloaded weights.`,
  );
}

/** Rules about flags that move memory past the arithmetic of the fit. */
export const MEMORY_RULES: readonly Rule[] = [
  { id: "draft-model", checks: "The fit does not count draft models.", runtimes: FITTED, check: checkDraft },
  { id: "weights-offload", checks: "The fit does not count offloaded weights.", runtimes: FITTED, check: checkOffload },
];
