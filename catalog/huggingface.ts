import type { Architecture, Checkpoint, Experts, LatentAttention, LayerCounts } from "./architecture.ts";

/** What a `config.json` says about a model, and whether it tells the size of the weights. */
export interface ParsedConfig {
  readonly architecture: Architecture;
  /** `dtype` and `quantization` of the checkpoint; its size is in no configuration file. */
  readonly checkpoint: Omit<Checkpoint, "weightsBytes">;
}

/** A configuration file that lacks what memory planning needs; the message names every missing field. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * The architecture a Hugging Face `config.json` describes.
 * Reads the names transformers gives the fields, GPT-2's and Falcon's older ones, and the nested `text_config` (or
 * `llm_config`, `language_config`) of multimodal models.
 * @throws {ConfigError} naming all missing fields at once
 */
export function fromHuggingFaceConfig(json: unknown): ParsedConfig {
  if (!isFields(json)) throw new ConfigError("config: not a JSON object. Give the model's config.json.");
  const text = [json.text_config, json.llm_config, json.language_config].find(isFields) ?? {};
  const read = reader({ ...json, ...text });
  const layers = read.count("num_hidden_layers", "n_layer", "num_layers", "n_layers");
  const hiddenSize = read.count("hidden_size", "n_embd", "d_model", "dim");
  const attentionHeads = read.count("num_attention_heads", "n_head", "n_heads", "num_heads");
  const maxLength = read.count(
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_sequence_length",
  );
  const keyValueHeads = keyValueHeadsOf(read, attentionHeads);
  const latentAttention = latentAttentionOf(read);
  const headDimension = read.optional("head_dim", "attention_head_dim") ?? Math.floor(hiddenSize / attentionHeads);
  const slidingWindow = slidingWindowOf(read);
  const layerCounts = layerCountsOf(read, layers, slidingWindow);
  if (layerCounts !== undefined && layerCounts.sliding > 0 && slidingWindow === undefined)
    read.missing("sliding_window");
  read.refuse();
  const recurrent = recurrentStateOf(read);
  const experts = expertsOf(read);
  const vocabulary = read.optional("vocab_size");
  const valueHeadDimension = read.optional("v_head_dim");
  return {
    architecture: {
      architecture: architectureName(json, read),
      layers,
      hiddenSize,
      attentionHeads,
      keyValueHeads,
      headDimension,
      maxLength,
      ...(valueHeadDimension !== undefined && { valueHeadDimension }),
      ...(vocabulary !== undefined && { vocabulary }),
      ...(read.flag("tie_word_embeddings") && { tiedEmbeddings: true }),
      ...(layerCounts !== undefined && { layerCounts }),
      ...(slidingWindow !== undefined && layerCounts !== undefined && { slidingWindow }),
      ...(recurrent !== undefined && { recurrentStateBytes: recurrent }),
      ...(latentAttention !== undefined && { latentAttention }),
      ...(experts !== undefined && { experts }),
    },
    checkpoint: checkpointOf(json, read),
  };
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Reader {
  /** A positive number that must be there. */
  count(...names: readonly [string, ...string[]]): number;
  optional(...names: readonly string[]): number | undefined;
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly unknown[] | undefined;
  object(name: string): Fields | undefined;
  missing(name: string): void;
  /** Throws when anything was missing. */
  refuse(): void;
}

function reader(fields: Fields): Reader {
  const missing: string[] = [];
  const number = (name: string): number | undefined => {
    const value = fields[name];
    return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : undefined;
  };
  const optional = (...names: readonly string[]): number | undefined => {
    for (const name of names) {
      const value = number(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  return {
    optional,
    count: (...names) => {
      const value = optional(...names);
      if (value === undefined) missing.push(names[0]);
      return value ?? NaN;
    },
    flag: (name) => fields[name] === true,
    text: (name) => {
      const value = fields[name];
      return typeof value === "string" ? value : undefined;
    },
    list: (name) => {
      const value = fields[name];
      return Array.isArray(value) ? value : undefined;
    },
    object: (name) => {
      const value = fields[name];
      return isFields(value) ? value : undefined;
    },
    missing: (name) => {
      missing.push(name);
    },
    refuse: () => {
      if (missing.length === 0) return;
      throw new ConfigError(
        `config: missing ${missing.join(", ")} – memory cannot be planned without. Give the model's complete config.json, or describe the model in the environment.`,
      );
    },
  };
}

function architectureName(json: Fields, read: Reader): string {
  const first: unknown = Array.isArray(json.architectures) ? json.architectures[0] : undefined;
  return typeof first === "string" ? first : (read.text("model_type") ?? "unknown");
}

function keyValueHeadsOf(read: Reader, attentionHeads: number): number {
  const heads = read.optional("num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num");
  if (heads !== undefined) return heads;
  return read.flag("multi_query") ? 1 : attentionHeads;
}

function latentAttentionOf(read: Reader): LatentAttention | undefined {
  const kvLoraRank = read.optional("kv_lora_rank");
  if (kvLoraRank === undefined) return undefined;
  const ropeHeadDimension = read.count("qk_rope_head_dim");
  const indexer = read.optional("index_head_dim");
  // With a sparse-attention indexer vLLM stores latents as fp8_ds_mla; the indexer keeps FP8 keys and a 32-bit scale.
  return indexer === undefined
    ? { kvLoraRank, ropeHeadDimension }
    : { kvLoraRank, ropeHeadDimension, fixedBytesPerToken: 656, indexerBytesPerToken: indexer + 4 };
}

function slidingWindowOf(read: Reader): number | undefined {
  return read.optional("sliding_window", "attention_chunk_size", "sliding_window_size");
}

const FULL = new Set(["full_attention", "attention", "full", "global", "deepseek_sparse_attention", "*"]);
const SLIDING = new Set(["sliding_attention", "chunked_attention", "sliding", "local"]);
const RECURRENT = new Set(["linear_attention", "mamba", "mamba2", "recurrent", "conv", "M"]);

/** Layers by kind, from a list of kinds, a pattern, or an interval; nothing when all layers are full attention. */
function layerCountsOf(read: Reader, layers: number, window: number | undefined): LayerCounts | undefined {
  const pattern = read.text("hybrid_override_pattern");
  const kinds =
    read.list("layer_types") ??
    read.list("layers_block_type") ??
    (pattern === undefined ? undefined : Array.from(pattern));
  if (kinds !== undefined) {
    const among = (set: ReadonlySet<string>): number =>
      kinds.filter((kind) => typeof kind === "string" && set.has(kind)).length;
    return { full: among(FULL), sliding: among(SLIDING), recurrent: among(RECURRENT) };
  }
  const fullEvery = read.optional("full_attention_interval");
  if (fullEvery !== undefined) {
    const full = Math.floor(layers / fullEvery);
    return { full, sliding: 0, recurrent: layers - full };
  }
  const slidingEvery = read.optional("sliding_window_pattern");
  if (slidingEvery !== undefined && window !== undefined) {
    const full = Math.floor(layers / slidingEvery);
    return { full, sliding: layers - full, recurrent: 0 };
  }
  const everyLayerSlides = window !== undefined && read.text("model_type") === "mistral";
  return everyLayerSlides ? { full: 0, sliding: layers, recurrent: 0 } : undefined;
}

/** Bytes of state per recurrent layer: Mamba-2's heads × dimension × state, or the matrix of a gated delta net, in 32 bits. */
function recurrentStateOf(read: Reader): number | undefined {
  const mamba = [
    read.optional("mamba_num_heads"),
    read.optional("mamba_head_dim"),
    read.optional("ssm_state_size", "mamba_d_state"),
  ];
  const linear = [
    read.optional("linear_num_value_heads"),
    read.optional("linear_key_head_dim"),
    read.optional("linear_value_head_dim"),
  ];
  for (const dimensions of [mamba, linear]) {
    const known = dimensions.filter((value) => value !== undefined);
    if (known.length === dimensions.length) return known.reduce((product, value) => product * value, 4);
  }
  return undefined;
}

function expertsOf(read: Reader): Experts | undefined {
  const total = read.optional("num_local_experts", "n_routed_experts", "num_experts", "moe_num_experts");
  if (total === undefined || total < 2) return undefined;
  const active = read.optional("num_experts_per_tok", "experts_per_token", "moe_topk", "moe_k") ?? 1;
  return { total, active };
}

function checkpointOf(json: Fields, read: Reader): Omit<Checkpoint, "weightsBytes"> {
  const named = read.text("torch_dtype") ?? read.text("dtype");
  const dtype = named === "float16" || named === "float32" ? named : "bfloat16";
  const quantization = [json.quantization_config, read.object("quantization_config")].find(isFields);
  const method = quantization?.quant_method;
  return { dtype, ...(typeof method === "string" && { quantization: method }) };
}
