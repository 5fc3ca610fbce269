import type { Accelerator, BatchClass } from "../../catalog/accelerators.ts";
import type { Architecture, Checkpoint } from "../../catalog/architecture.ts";

/** Bytes of a GiB. */
export const GIB = 2 ** 30;

/** How a replica is cut over GPUs. */
export interface Parallelism {
  readonly tensor: number;
  readonly pipeline: number;
}

/**
 * Bytes an element of the KV cache takes, by `--kv-cache-dtype`. `auto` is the type the model computes in: 16 bits, unless
 * `--dtype float32` asks for more ({@link kvElementBytes}).
 * Source: vLLM 0.33 `config/cache.py`; NVFP4 has an 8-bit scale per 16 elements.
 */
const KV_ELEMENT_BYTES: Readonly<Record<string, number>> = {
  auto: 2,
  float16: 2,
  bfloat16: 2,
  fp8: 1,
  fp8_e4m3: 1,
  fp8_e5m2: 1,
  fp8_inc: 1,
  fp8_ds_mla: 1,
  fp8_per_token_head: 1,
  int8_per_token_head: 1,
  int4_per_token_head: 0.5,
  nvfp4: 0.5625,
};

/** Bytes of a 32-bit float. */
const FLOAT32_BYTES = 4;

/**
 * Bytes per element of that `--kv-cache-dtype`; nothing for one whose size is unknown.
 * @param dtype as in `--dtype`: what `auto` follows
 */
export function kvElementBytes(kvCacheDtype: string, dtype = "auto"): number | undefined {
  return kvCacheDtype === "auto" && isFloat32(dtype) ? FLOAT32_BYTES : KV_ELEMENT_BYTES[kvCacheDtype];
}

/** Whether that `--dtype` is 32 bits wide; `float` is vLLM's other name for it. Source: vLLM `config/model.py`. */
export function isFloat32(dtype: string): boolean {
  return dtype === "float32" || dtype === "float";
}

/**
 * Bytes the weights of an unquantised checkpoint take in that `--dtype`. `auto` loads 32-bit files as 16 bits and is counted as
 * stored: an estimate on the safe side.
 */
export function loadedBytes(checkpoint: Checkpoint, dtype: string): number {
  if (!isFloat32(dtype)) return checkpoint.weightsBytes;
  const stored = checkpoint.dtype === "float32" ? FLOAT32_BYTES : 2;
  return (checkpoint.weightsBytes * FLOAT32_BYTES) / stored;
}

/** Values of `--kv-cache-dtype` whose size is known. */
export const kvCacheDtypes: readonly string[] = Object.keys(KV_ELEMENT_BYTES);

/** What one GPU keeps per sequence, in bytes. */
export interface KvBytes {
  /** Per token, for the layers whose cache grows with the sequence. */
  readonly growing: number;
  /** Per token within the window, for sliding and chunked layers. */
  readonly windowed: number;
  /** Tokens the windowed layers keep at most. */
  readonly window: number;
  /** Whatever the length: state of Mamba and linear-attention layers. */
  readonly state: number;
}

/**
 * Bytes one GPU keeps per sequence.
 * Grouped attention keeps a key and a value per layer and KV head; heads are divided by tensor parallelism and replicated
 * once it exceeds them. Multi-head latent attention keeps one latent per layer on every rank. Layers are divided by pipeline
 * parallelism; the stage with most counts.
 * Source: vLLM `v1/kv_cache_interface.py`, page sizes.
 */
export function kvBytes(model: Architecture, parallelism: Parallelism, elementBytes: number): KvBytes {
  const counts = model.layerCounts ?? { full: model.layers, sliding: 0, recurrent: 0 };
  const stage = (layers: number): number => Math.ceil(layers / parallelism.pipeline);
  const perLayer = attentionBytes(model, parallelism, elementBytes);
  return {
    growing: stage(counts.full) * perLayer,
    windowed: stage(counts.sliding) * perLayer,
    window: model.slidingWindow ?? 0,
    state: (stage(counts.recurrent) * recurrentStateBytes(model)) / parallelism.tensor,
  };
}

/** Bytes one sequence of that length takes on one GPU. */
export function sequenceBytes(kv: KvBytes, length: number): number {
  return kv.growing * length + kv.windowed * Math.min(length, kv.window) + kv.state;
}

function attentionBytes(model: Architecture, parallelism: Parallelism, elementBytes: number): number {
  const latent = model.latentAttention;
  if (latent !== undefined) {
    const elements = latent.kvLoraRank + latent.ropeHeadDimension;
    return (latent.fixedBytesPerToken ?? elements * elementBytes) + (latent.indexerBytesPerToken ?? 0);
  }
  const heads = Math.max(1, Math.ceil(model.keyValueHeads / parallelism.tensor));
  return heads * (model.headDimension + (model.valueHeadDimension ?? model.headDimension)) * elementBytes;
}

/**
 * State of a recurrent layer where the model does not state it: 256 32-bit values per hidden dimension.
 * Mamba-2 keeps (2 × hidden) × 128; a gated delta net of Qwen3-Next's shape 32 heads × 128 × 128 at a hidden size of 2,048: the same.
 */
function recurrentStateBytes(model: Architecture): number {
  return model.recurrentStateBytes ?? model.hiddenSize * 256 * 4;
}

/** Files hold what each rank loads; embeddings and parts of latent attention are kept by every rank. */
const REPLICATED_SHARE = 1.02;

/** GiB of weights on one GPU. Replication beyond the 2 % counted here reaches 5 % at high tensor parallelism. */
export function weightsGiB(weightsBytes: number, parallelism: Parallelism): number {
  return (weightsBytes * REPLICATED_SHARE) / GIB / (parallelism.tensor * parallelism.pipeline);
}

/** Peak activation memory of a family of models, in GiB, CUDA graphs included. */
interface ActivationRow {
  readonly family: string;
  readonly matches: (model: Architecture) => boolean;
  /** At 8,192 batched tokens and 1,024 sequences, vLLM's defaults on GPUs of 70 GiB and more. */
  readonly large: number;
  /** At 2,048 batched tokens and 256 sequences, its defaults on the others. */
  readonly small: number;
}

/**
 * Activation memory as vLLM's profiling run sees it.
 * `large` was measured by the llm-d capacity planner on an H100: Llama-3.1-8B 4.76, Llama-3.3-70B 4.84, Qwen3-0.6B 5.56,
 * gpt-oss-20b 7.38, Mistral-Small-3.2 2.12 (2.5 allowed); `small` is 32 % of it, which KAITO's 1.5 GiB base on an A10 confirms.
 * Dense models nobody measured get the larger dense figure.
 */
const ACTIVATIONS: readonly ActivationRow[] = [
  { family: "small model, small vocabulary", matches: isTiny, large: 2.3, small: 0.72 },
  { family: "mixture of experts", matches: (model) => model.experts !== undefined, large: 7.4, small: 2.4 },
  { family: "Mistral 3", matches: (model) => model.architecture.startsWith("Mistral3"), large: 2.5, small: 0.8 },
  { family: "Llama", matches: (model) => /^(Llama|Mistral)/.test(model.architecture), large: 4.8, small: 1.5 },
  { family: "Qwen and other dense models", matches: () => true, large: 5.6, small: 1.8 },
];

function isTiny(model: Architecture): boolean {
  return (model.vocabulary ?? Infinity) < 65_536 && model.layers * model.hiddenSize ** 2 < 5e7;
}

/** Batched tokens `vllm serve` schedules at once by default. Source: vLLM `engine/arg_utils.py`. */
export const DEFAULT_BATCHED_TOKENS: Readonly<Record<BatchClass, number>> = { small: 2048, large: 8192, huge: 16384 };

/**
 * Peak activation memory on one GPU in GiB, and the family whose figure it is.
 * On GPUs of the class `huge` it ends at the figure of 8,192 tokens: the KV caches published for B200 (25.0 GiB beside a 70B
 * model on one, 74.3 beside DeepSeek-R1 on eight) leave no more to activation at their default of 16,384.
 * @param batchedTokens as in `--max-num-batched-tokens`; by default vLLM's choice for the GPU
 */
export function activation(
  model: Architecture,
  accelerator: Accelerator,
  batchedTokens?: number,
): { readonly gib: number; readonly family: string } {
  const row = ACTIVATIONS.find((candidate) => candidate.matches(model));
  if (row === undefined) throw new Error("the table of activation figures lacks its last row");
  const { batchClass } = accelerator;
  const { small, large } = DEFAULT_BATCHED_TOKENS;
  const tokens = batchedTokens ?? DEFAULT_BATCHED_TOKENS[batchClass];
  const counted = batchClass === "huge" ? Math.min(tokens, large) : tokens;
  // Between the two measured sizes activation is taken as linear; above them it goes on so, below it stays.
  const share = Math.max(0, counted - small) / (large - small);
  return { gib: row.small + (row.large - row.small) * share, family: row.family };
}

/**
 * GiB a GPU loses outside PyTorch's allocator: CUDA context growth, NCCL buffers.
 * Source: llm-d capacity planner, measured: 0.13–0.14 for one GPU, 0.55 for two; rounded up.
 */
export function nonTorchGiB(parallelism: Parallelism): number {
  return parallelism.tensor * parallelism.pipeline === 1 ? 0.15 : 0.6;
}
