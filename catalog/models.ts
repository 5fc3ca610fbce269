import levenshtein from "fastest-levenshtein";
import type { Architecture, Checkpoint } from "./architecture.ts";
import type { Evidence } from "./evidence.ts";
import { DEEPSEEK } from "./models/deepseek.ts";
import { LLAMA } from "./models/llama.ts";
import { MISTRAL } from "./models/mistral.ts";
import { OTHERS } from "./models/others.ts";
import { QWEN } from "./models/qwen.ts";

/** A checkpoint on the Hugging Face hub whose shape the catalog knows. */
export interface Model extends Architecture, Checkpoint, Evidence {
  /** Id on the hub, `organisation/name`. */
  readonly id: string;
  /** True when the hub asks for an accepted licence, so that a token is needed. */
  readonly gated?: boolean;
  /** What `--tool-call-parser` wants for it: a hint, the names drift with vLLM's releases. */
  readonly toolParser?: string;
  /** What `--reasoning-parser` wants for it: a hint as well. */
  readonly reasoningParser?: string;
  /** Fields that were recalled or derived and not read in `source`; `all` means the whole row. */
  readonly recalled?: readonly string[];
}

/**
 * All models of the catalog. `weightsBytes` is the size of the safetensors, or two bytes times the parameters that follow
 * from the shape.
 */
export const models: readonly Model[] = [...LLAMA, ...QWEN, ...MISTRAL, ...DEEPSEEK, ...OTHERS];

const byId = new Map(models.map((model) => [model.id.toLowerCase(), model]));

/** Prefixes of ids whose repositories ask for an accepted licence; they also hold for models the catalog lacks. */
const GATED_PREFIXES = ["meta-llama/", "google/gemma-2", "google/gemma-3"];

/** The model with that id on the hub; upper and lower case are the same. */
export function findModel(id: string): Model | undefined {
  return byId.get(id.trim().toLowerCase());
}

/**
 * Ids of the catalog that a mistyped or shortened id may have meant, nearest spelling first: those whose name holds the
 * given one, and those that differ in few letters. Without an organisation only names are compared.
 */
export function suggestModels(id: string, limit = 3): readonly string[] {
  const wanted = id.trim().toLowerCase();
  const name = nameOf(wanted);
  const candidates = models.map((model) => {
    const text = model.id.toLowerCase();
    const distance = levenshtein.distance(wanted, wanted.includes("/") ? text : nameOf(text));
    const holds = name.length >= 3 && text.includes(name);
    return { id: model.id, distance, plausible: holds || distance <= wanted.length / 3 };
  });
  return candidates
    .filter((candidate) => candidate.plausible)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, limit)
    .map((candidate) => candidate.id);
}

/** Whether the hub asks for an accepted licence, as far as the catalog or the organisation's habit tells. */
export function isGated(id: string): boolean {
  const wanted = id.trim().toLowerCase();
  const model = byId.get(wanted);
  if (model !== undefined) return model.gated === true;
  return GATED_PREFIXES.some((prefix) => wanted.startsWith(prefix));
}

function nameOf(id: string): string {
  return id.slice(id.lastIndexOf("/") + 1);
}
