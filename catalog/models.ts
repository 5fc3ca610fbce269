import type { Architecture, Checkpoint } from "./architecture.ts";
import type { Evidence } from "./evidence.ts";
import { DEEPSEEK } from "./models/deepseek.ts";
import { LLAMA } from "./models/llama.ts";
import { MISTRAL } from "./models/mistral.ts";
import { OTHERS } from "./models/others.ts";
import { QWEN } from "./models/qwen.ts";
import { closestTo } from "./suggest.ts";

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
 * Ids of the catalog that a mistyped or shortened id may have meant, best first: those whose name holds it, then the
 * nearest spelling.
 */
export function suggestModels(id: string, limit = 3): readonly string[] {
  const wanted = id.trim().toLowerCase();
  const name = wanted.slice(wanted.lastIndexOf("/") + 1);
  const ids = models.map((model) => model.id);
  const holding = name.length >= 3 ? ids.filter((candidate) => candidate.toLowerCase().includes(name)) : [];
  const nearest = closestTo(wanted, ids) ?? ids.find((candidate) => closestTo(name, [nameOf(candidate)]) !== undefined);
  const all = nearest === undefined ? holding : [...holding.filter((candidate) => candidate !== nearest), nearest];
  return (holding.length > 0 ? [...new Set([...holding, ...all])] : all).slice(0, limit);
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
