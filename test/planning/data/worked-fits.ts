/** A worked example: what was computed for a model on GPUs, as printed. */
export interface WorkedFit {
  readonly model: string;
  readonly gpu: string;
  readonly count: number;
  readonly quantization?: "fp8";
  /** Length of a request. */
  readonly length: number;
  /** GiB per GPU; left out where the example prints none. */
  readonly weights?: number;
  readonly kv?: number;
  /** Tokens of the replica's cache. */
  readonly tokens?: number;
  /** Requests of `length` at once. */
  readonly requests?: number;
  readonly verdict: "fits" | "tight" | "doesNotFit" | "starts";
}

/**
 * Worked fits at utilisation 0.92 and a 16-bit KV cache, all figures as printed.
 * Source: a study of LLM provisioning stacks of 2026-07 with the formulas of vLLM `kv_cache_interface.py` and the overheads the llm-d
 * capacity planner measured; weights are the checkpoints' sizes.
 */
// prettier-ignore
export const WORKED_FITS: readonly WorkedFit[] = [
  { model: "facebook/opt-125m", gpu: "t4", count: 1, length: 2048, weights: 0.2, kv: 12.2, tokens: 356e3, requests: 174, verdict: "fits" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "t4", count: 1, length: 8192, kv: -3.5, verdict: "doesNotFit" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "l4", count: 1, length: 8192, weights: 15.3, kv: 3.3, tokens: 27e3, requests: 3.3, verdict: "tight" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "a10g", count: 1, length: 8192, weights: 15.3, kv: 3.3, tokens: 27e3, requests: 3.3, verdict: "tight" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "l40s", count: 1, length: 8192, kv: 23.9, tokens: 196e3, requests: 24, verdict: "fits" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "h100", count: 1, length: 8192, kv: 52.6, tokens: 431e3, requests: 53, verdict: "fits" },
  { model: "meta-llama/Llama-3.1-8B-Instruct", gpu: "h100", count: 1, length: 131072, requests: 3.3, verdict: "tight" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h100", count: 1, length: 8192, verdict: "doesNotFit" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h100", count: 2, length: 8192, weights: 67.0, kv: 0.4, tokens: 2.8e3, requests: 0.3, verdict: "doesNotFit" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "a100-80gb", count: 2, length: 8192, kv: 3.7, tokens: 24e3, requests: 3, verdict: "tight" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h100", count: 4, length: 8192, weights: 33.5, kv: 33.9, tokens: 445e3, requests: 54, verdict: "fits" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h200", count: 2, length: 8192, kv: 56.1, tokens: 368e3, requests: 45, verdict: "fits" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "b200", count: 1, length: 8192, kv: 25.0, tokens: 82e3, requests: 10, verdict: "fits" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h100", count: 1, quantization: "fp8", length: 8192, kv: -1.2, verdict: "doesNotFit" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h100", count: 2, quantization: "fp8", length: 8192, kv: 32.9, tokens: 216e3, requests: 26, verdict: "fits" },
  { model: "meta-llama/Llama-3.3-70B-Instruct", gpu: "h200", count: 1, quantization: "fp8", length: 8192, kv: 54.5, tokens: 179e3, requests: 22, verdict: "fits" },
  { model: "Qwen/Qwen3-32B", gpu: "h100", count: 1, length: 8192, weights: 62.2, kv: 4.9, tokens: 20e3, requests: 2.4, verdict: "tight" },
  { model: "Qwen/Qwen3-32B", gpu: "h100", count: 2, length: 8192, kv: 35.5, tokens: 291e3, requests: 36, verdict: "fits" },
  { model: "Qwen/Qwen3-32B", gpu: "l40s", count: 2, length: 8192, kv: 7.3, tokens: 60e3, requests: 7, verdict: "fits" },
  { model: "Qwen/Qwen3-32B", gpu: "l4", count: 4, length: 8192, kv: 2.3, tokens: 37e3, verdict: "starts" },
  { model: "mistralai/Mixtral-8x7B-Instruct-v0.1", gpu: "h100", count: 1, length: 8192, verdict: "doesNotFit" },
  { model: "mistralai/Mixtral-8x7B-Instruct-v0.1", gpu: "h100", count: 2, length: 8192, kv: 20.5, tokens: 336e3, requests: 41, verdict: "fits" },
  { model: "mistralai/Mixtral-8x7B-Instruct-v0.1", gpu: "h200", count: 1, length: 8192, kv: 32.2, tokens: 264e3, requests: 32, verdict: "fits" },
  { model: "mistralai/Mixtral-8x7B-Instruct-v0.1", gpu: "a100-40gb", count: 4, length: 8192, kv: 11.1, tokens: 363e3, requests: 44, verdict: "fits" },
  { model: "deepseek-ai/DeepSeek-R1", gpu: "h100", count: 8, length: 8192, kv: -17, verdict: "doesNotFit" },
  { model: "deepseek-ai/DeepSeek-R1", gpu: "h200", count: 8, length: 8192, weights: 81.8, kv: 38.8, tokens: 592e3, requests: 72, verdict: "fits" },
  { model: "deepseek-ai/DeepSeek-R1", gpu: "h100", count: 16, length: 8192, weights: 40.9, kv: 24.0, tokens: 366e3, verdict: "fits" },
  { model: "deepseek-ai/DeepSeek-R1", gpu: "b200", count: 8, length: 8192, kv: 74.3, tokens: 1.13e6, verdict: "fits" },
  { model: "openai/gpt-oss-120b", gpu: "h100", count: 1, length: 8192, weights: 61.9, kv: 3.4, tokens: 98e3, requests: 12, verdict: "tight" },
  { model: "openai/gpt-oss-120b", gpu: "h100", count: 1, length: 131072, requests: 0.75, verdict: "doesNotFit" },
  { model: "openai/gpt-oss-120b", gpu: "a100-80gb", count: 1, length: 8192, kv: 8.4, tokens: 244e3, requests: 30, verdict: "fits" },
  { model: "openai/gpt-oss-120b", gpu: "h100", count: 2, length: 8192, kv: 33.9, tokens: 2.0e6, verdict: "fits" },
  { model: "openai/gpt-oss-120b", gpu: "h200", count: 1, length: 8192, kv: 59, tokens: 1.7e6, verdict: "fits" },
];
