/** How many layers of each kind of attention a model has; the kinds differ in what they keep per sequence. */
export interface LayerCounts {
  /** Keeps keys and values of every token. */
  readonly full: number;
  /** Keeps those of the last `slidingWindow` tokens (sliding and chunked attention). */
  readonly sliding: number;
  /** Keeps a state of fixed size per sequence (Mamba, linear attention, gated delta net). */
  readonly recurrent: number;
}

/** Multi-head latent attention: one latent per token and layer on every rank, not divided by tensor parallelism. */
export interface LatentAttention {
  readonly kvLoraRank: number;
  readonly ropeHeadDimension: number;
  /**
   * Bytes per token and layer where the format is fixed whatever `--kv-cache-dtype` says: 656 for `fp8_ds_mla` of
   * DeepSeek-V3.2, 584 for DeepSeek-V4. Without it `(kvLoraRank + ropeHeadDimension)` elements.
   */
  readonly fixedBytesPerToken?: number;
  /** Bytes per token and layer that a sparse-attention indexer keeps beside the latent. */
  readonly indexerBytesPerToken?: number;
}

/** Experts of a mixture-of-experts model. */
export interface Experts {
  readonly total: number;
  readonly active: number;
}

/** What decides how a model's memory divides over GPUs. All lengths are in tokens, all dimensions in elements. */
export interface Architecture {
  /** Class name, `LlamaForCausalLM` for example; it selects the measured activation figure. */
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  /** Dimension of a key head. */
  readonly headDimension: number;
  /** Dimension of a value head. @default headDimension */
  readonly valueHeadDimension?: number;
  readonly vocabulary?: number;
  readonly tiedEmbeddings?: boolean;
  /** Longest sequence the model was made for. */
  readonly maxLength: number;
  /** @default all layers are full attention */
  readonly layerCounts?: LayerCounts;
  /** Window of the sliding layers; needed when there are any. */
  readonly slidingWindow?: number;
  /** Bytes of state per sequence and recurrent layer. @default estimated from the hidden size */
  readonly recurrentStateBytes?: number;
  readonly latentAttention?: LatentAttention;
  readonly experts?: Experts;
}

/** Weights as they are stored. */
export interface Checkpoint {
  /** Size of the safetensors in bytes. */
  readonly weightsBytes: number;
  /** Parameters, if stated apart from the size. @default weightsBytes / 2 for an unquantised checkpoint */
  readonly parameters?: number;
  readonly dtype: "float16" | "bfloat16" | "float32";
  /** Quantisation of the stored weights, as in vLLM's `--quantization`; absent when they are as `dtype` says. */
  readonly quantization?: string;
}

/** A model that is not in the catalog, as an environment describes it. */
export interface ArchitectureDescription extends Architecture, Checkpoint {}
