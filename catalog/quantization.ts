import type { Accelerator } from "./accelerators.ts";
import type { Checkpoint } from "./architecture.ts";

/** A way to store weights in fewer bits, under the name vLLM's `--quantization` gives it. */
export interface Quantization {
  readonly name: string;
  /** Bytes a parameter of a linear layer takes, scales included; embeddings stay at 16 bits. Absent: the method says too little. */
  readonly bytesPerParameter?: number;
  /** Number format the kernels need from the GPU; `packed` unpacks to 16 bits and needs only `minimumCapability`. */
  readonly format: "fp8" | "fp4" | "packed";
  readonly minimumCapability: number;
  /** True when vLLM makes it at load time from 16-bit weights; else a checkpoint in that form is needed. */
  readonly online: boolean;
  /** Other names people use. */
  readonly aliases?: readonly string[];
}

// FP8 adds a 32-bit scale per row of some thousand weights (72.7 GB for Llama-3.3-70B).
// Group-wise 4-bit formats add a 16-bit scale and a zero point per 128 weights, MXFP4 an 8-bit scale per 32, NVFP4 one per 16.
// Source: vLLM 0.33 `model_executor/layers/quantization`, read 2026-11.
// prettier-ignore
const QUANTIZATIONS: readonly Quantization[] = [
  { name: "fp8", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.0, online: true },
  { name: "fp8_per_tensor", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.0, online: true },
  { name: "fp8_per_block", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.0, online: true },
  { name: "fp8_per_channel", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.0, online: true },
  { name: "fbgemm_fp8", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.0, online: false },
  { name: "modelopt", bytesPerParameter: 1.0007, format: "fp8", minimumCapability: 8.9, online: false },
  { name: "deepseek_v4_fp8", format: "fp8", minimumCapability: 8.9, online: false },
  { name: "mxfp8", bytesPerParameter: 1.03125, format: "fp8", minimumCapability: 8.9, online: true, aliases: ["modelopt_mxfp8"] },
  { name: "int8_per_channel_weight_only", bytesPerParameter: 1, format: "packed", minimumCapability: 7.5, online: true, aliases: ["int8"] },
  { name: "experts_int8", format: "packed", minimumCapability: 8.0, online: true },
  { name: "awq", bytesPerParameter: 0.53, format: "packed", minimumCapability: 7.5, online: false, aliases: ["auto_awq", "awq_marlin", "int4", "w4a16"] },
  { name: "gptq", bytesPerParameter: 0.53, format: "packed", minimumCapability: 7.5, online: false, aliases: ["auto_gptq", "gptq_marlin"] },
  { name: "mxfp4", bytesPerParameter: 0.53125, format: "packed", minimumCapability: 8.0, online: false, aliases: ["gpt_oss_mxfp4"] },
  { name: "modelopt_fp4", bytesPerParameter: 0.5625, format: "fp4", minimumCapability: 10.0, online: false, aliases: ["nvfp4"] },
  { name: "nvfp4_per_token", bytesPerParameter: 0.5625, format: "fp4", minimumCapability: 10.0, online: true },
  { name: "compressed-tensors", format: "packed", minimumCapability: 7.5, online: false },
  { name: "modelopt_mixed", format: "packed", minimumCapability: 8.9, online: false },
  { name: "moe_wna16", format: "packed", minimumCapability: 8.0, online: false },
  { name: "quark", format: "packed", minimumCapability: 8.0, online: false },
  { name: "torchao", format: "packed", minimumCapability: 8.0, online: false },
];

/** Methods vLLM no longer has. */
const GONE = new Set(["bitsandbytes", "bnb", "gguf", "marlin", "squeezellm", "aqlm", "deepspeedfp", "tpu_int8"]);

/** Names {@link findQuantization} knows, without aliases. */
export const quantizationNames: readonly string[] = QUANTIZATIONS.map((row) => row.name);

/** The method of that name (case and alias do not matter), `gone` for one that vLLM dropped, or nothing. */
export function findQuantization(name: string): Quantization | "gone" | undefined {
  const wanted = name.trim().toLowerCase();
  if (GONE.has(wanted)) return "gone";
  return QUANTIZATIONS.find((row) => row.name === wanted || row.aliases?.includes(wanted) === true);
}

/**
 * Why the GPU cannot serve weights in that form, or how it serves them more slowly than one would expect.
 * FP8 needs compute capability 8.9; older GPUs from 8.0 on unpack it to 16 bits, which saves memory and no time. FP4 needs Blackwell.
 */
export function quantizationOn(
  quantization: Quantization,
  accelerator: Accelerator,
): { readonly refused?: string; readonly note?: string } {
  const capability = accelerator.computeCapability.toFixed(1);
  if (accelerator.kind === "cpu") {
    return quantization.format === "packed" ? {} : { refused: `${quantization.name} has no CPU kernels` };
  }
  const support = quantization.format === "packed" ? "native" : accelerator[quantization.format];
  if (support === "none" || accelerator.computeCapability < quantization.minimumCapability) {
    const needed =
      quantization.format === "fp4"
        ? "a Blackwell GPU"
        : `compute capability ${quantization.minimumCapability.toFixed(1)}`;
    return { refused: `${quantization.name} needs ${needed}, ${accelerator.name} has ${capability}` };
  }
  if (support === "weightOnly") {
    return {
      note: `${accelerator.name} has no ${quantization.format.toUpperCase()} units: weights are unpacked to 16 bits, which saves memory only`,
    };
  }
  return {};
}

/** Elements of the embedding and the output layer, which quantisation leaves at 16 bits. */
export interface Embeddings {
  readonly vocabulary?: number;
  readonly hiddenSize: number;
  readonly tiedEmbeddings?: boolean;
}

/**
 * Bytes the weights take after quantising them so.
 * @returns nothing when the method does not say how many bytes a parameter takes
 */
export function quantizedBytes(model: Checkpoint & Embeddings, quantization: Quantization): number | undefined {
  if (quantization.bytesPerParameter === undefined) return undefined;
  const parameters = model.parameters ?? model.weightsBytes / (model.dtype === "float32" ? 4 : 2);
  const embeddings = (model.vocabulary ?? 0) * model.hiddenSize * (model.tiedEmbeddings === true ? 1 : 2);
  return Math.max(0, parameters - embeddings) * quantization.bytesPerParameter + Math.min(embeddings, parameters) * 2;
}
