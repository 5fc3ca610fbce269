import { z } from "zod";
import { ImageReference, Memory, Name, Resources } from "./common.ts";
import { Cache } from "./cache.ts";
import { Routing } from "./router.ts";

const positive = z.int().min(1);

/** Shape of a model the catalog doesn't know, in the words of its Hugging Face `config.json`. */
export const CustomArchitecture = z
  .strictObject({
    layers: positive.describe("num_hidden_layers"),
    hiddenSize: positive.describe("hidden_size"),
    attentionHeads: positive.describe("num_attention_heads"),
    kvHeads: positive.describe("num_key_value_heads"),
    headDimension: positive.describe("head_dim; often hidden_size / num_attention_heads, but not always"),
    vocabularySize: positive.describe("vocab_size"),
    maxLength: positive.describe("max_position_embeddings"),
    weightsGiB: z.number().positive().describe("Size of the checkpoint's safetensors in GiB."),
    slidingWindow: positive.optional().describe("sliding_window, if layers use it"),
    slidingWindowLayers: positive
      .optional()
      .describe("How many layers use the sliding window. Default: all, if slidingWindow is set."),
    mla: z
      .strictObject({ kvLoraRank: positive, ropeHeadDimension: positive })
      .optional()
      .describe("Multi-head latent attention: kv_lora_rank and qk_rope_head_dim"),
    mixtureOfExperts: z.boolean().default(false).describe("Whether the model has routed experts."),
  })
  .describe("Shape of a model the catalog doesn't know.");

/** Latencies of a simulated engine; it answers with random text at these speeds. */
const Simulation = z
  .strictObject({
    timeToFirstTokenMs: z
      .number()
      .min(0)
      .default(50)
      .describe("Time to first token of a cold prompt, in milliseconds, unless prefillPerTokenMs is set."),
    interTokenLatencyMs: z.number().min(0).default(5).describe("Time between tokens, in milliseconds."),
    prefillOverheadMs: z.number().min(0).default(0).describe("Fixed part of the prefill, with prefillPerTokenMs."),
    prefillPerTokenMs: z
      .number()
      .min(0)
      .default(0)
      .describe(
        "Prefill time per prompt token that is not in the prefix cache. Not zero: time to first token follows from the prompt.",
      ),
    kvCacheBlocks: positive.default(8192).describe("Blocks of the simulated KV cache."),
  })
  .prefault({})
  .describe("Latencies of a simulated engine (runtime simulator).");

/** One model and the engines that serve it. */
export const Model = z
  .strictObject({
    name: Name.describe("Name of this model inside the stack; object names and labels follow from it."),
    model: z.string().min(1).describe("Hugging Face id, or a path inside the container."),
    revision: z
      .string()
      .regex(/^[A-Za-z0-9._/-]+$/, "must be a commit, tag or branch")
      .optional()
      .describe("Commit, tag or branch of the model's repository. A commit makes restarts reproducible."),
    servedName: z.string().min(1).optional().describe("The `model` clients ask for. Default: the model id."),
    pool: Name.optional().describe("GPU pool the engines run on. Default: the only pool."),
    runtime: z
      .enum(["cuda", "cpu", "simulator"])
      .default("cuda")
      .describe(
        "cuda: vLLM on NVIDIA GPUs. cpu: vLLM's CPU build. simulator: llm-d-inference-sim, which answers like vLLM without a model.",
      ),
    replicas: z.int().min(0).default(1).describe("Engines of this model."),
    tensorParallel: positive.default(1).describe("GPUs each layer is split over, all in one node."),
    pipelineParallel: positive.default(1).describe("Stages the layers are split into, all in one node."),
    maxModelLength: positive
      .optional()
      .describe("Longest prompt plus answer in tokens. Default: what the model was trained for."),
    dtype: z
      .enum(["auto", "bfloat16", "float16", "float32"])
      .default("auto")
      .describe("Type of weights and activations."),
    quantization: z.string().optional().describe("Quantisation method. Default: what the checkpoint says."),
    kvCacheDtype: z
      .enum(["auto", "fp8", "fp8_e4m3", "fp8_e5m2", "bfloat16", "float16"])
      .default("auto")
      .describe("Type of the KV cache. fp8 halves it."),
    gpuMemoryUtilization: z
      .number()
      .gt(0)
      .max(1)
      // vLLM's own default moved from 0.90 to 0.92 in 2026; pinned so that a new image does not change the fit.
      .default(0.92)
      .describe("Share of the GPU's memory vLLM may use."),
    maxSequences: positive.optional().describe("Most requests in one batch (--max-num-seqs). Default: vLLM's, by GPU."),
    maxBatchedTokens: positive
      .optional()
      .describe("Most tokens in one step (--max-num-batched-tokens). Default: vLLM's, by GPU."),
    prefixCaching: z.boolean().optional().describe("Reuse of KV blocks of shared prefixes. Default: vLLM's (on)."),
    chunkedPrefill: z.boolean().optional().describe("Prefill in chunks between decode steps. Default: vLLM's (on)."),
    eager: z.boolean().default(false).describe("No CUDA graphs: starts faster, decodes slower."),
    trustRemoteCode: z
      .boolean()
      .default(false)
      .describe("Run Python code of the model's repository. Needs a pinned revision."),
    gated: z.boolean().optional().describe("Whether the repository asks for a token. Default: what the catalog knows."),
    architecture: CustomArchitecture.optional(),
    extraArgs: z
      .array(z.string().min(1))
      .default([])
      .describe("More arguments of `vllm serve`, checked against the flags of the image's version."),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable"), z.string())
      .default({})
      .describe("More environment variables. Not for secrets."),
    resources: Resources.prefault({}).describe("Processor and memory of one engine. Default: from the model's size."),
    weights: z
      .discriminatedUnion("kind", [
        z
          .strictObject({
            kind: z.literal("ephemeral"),
            size: Memory.optional().describe("Limit of the volume. Default: from the model's size."),
          })
          .describe("Downloaded to the node's disk by each engine, again after a restart on another node."),
        z
          .strictObject({
            kind: z.literal("claim"),
            name: z.string().describe("An existing PersistentVolumeClaim in the stack's namespace."),
            accessMode: z
              .enum(["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"])
              .describe("Its access mode; ReadWriteOnce serves one node alone."),
          })
          .describe("An existing volume."),
      ])
      .prefault({ kind: "ephemeral" })
      .describe("Where weights are kept."),
    startSeconds: positive
      .optional()
      .describe(
        "Longest time an engine may take to become ready. Default: three times the predicted load time, at least ten minutes.",
      ),
    drainSeconds: z
      .int()
      .min(0)
      // Long answers finish within two minutes on every GPU of the catalog.
      .default(120)
      .describe("Time running requests get to finish when an engine stops."),
    spareGpus: z
      .boolean()
      // GPU pools seldom have a free GPU: a rollout that adds a pod first would wait for ever.
      .default(false)
      .describe("Whether the pool has room for one more engine during a rollout."),
    image: ImageReference.optional().describe("Image of this model's engines instead of the stack's."),
    cache: Cache.optional().describe("KV cache settings of this model instead of the stack's."),
    routing: Routing.optional().describe("Routing of this model instead of the stack's."),
    simulation: Simulation,
  })
  .describe("One model and the engines that serve it.");

/** All models of a stack. */
export const Models = z
  .array(Model)
  .min(1)
  .describe("The models to serve, each with its own engines and its own router.");
