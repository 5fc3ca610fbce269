/** Why our planner and a recipe differ by more than a quarter; each reason was checked on the recipe. */
export const REASONS = {
  small:
    "the recipe counts weights × 1.2 only; with few weights, activations and a KV cache of a useful size are most of the memory",
  fourBits: "the recipe counts half a byte per parameter; scales and 16-bit embeddings make the checkpoint larger",
  otherModel: "the recipe states the parameters of the larger model it belongs to, not of this checkpoint",
  setByHand: "the minimum was set by hand to a multiple of what the weights take, and the recipe does not say why",
  mixedBits: "the checkpoint's experts are stored in 4 bits, which parameters × 1 byte overstates",
} as const;

/** The reviewed disagreements, as `checkpoint (variant)`. */
export const DISAGREEMENTS: Readonly<Record<string, keyof typeof REASONS>> = {
  "RedHatAI/gemma-4-26B-A4B-it-NVFP4 (nvfp4)": "fourBits",
  "nvidia/Gemma-4-26B-A4B-NVFP4 (nvidia_nvfp4)": "fourBits",
  "nvidia/gemma-4-31B-it-NVFP4 (nvfp4)": "fourBits",
  "google/gemma-4-31B-it-qat-w4a16-ct (w4a16)": "fourBits",
  "google/translategemma-4b-it (small_4b)": "otherModel",
  "LiquidAI/LFM2.5-1.2B-Base (default)": "small",
  "LiquidAI/LFM2.5-1.2B-Instruct (default)": "small",
  "LiquidAI/LFM2.5-1.2B-JP (default)": "small",
  "LiquidAI/LFM2.5-230M (default)": "small",
  "Qwen/Qwen3.5-4B (default)": "small",
  "baidu/ERNIE-4.5-21B-A3B-PT (default)": "setByHand",
  "deepseek-ai/DeepSeek-V4-Pro-0813 (default)": "mixedBits",
  "deepseek-ai/DeepSeek-V4-Pro-DSpark (dspark)": "mixedBits",
  "ibm-granite/granite-3.2-2b-instruct (default)": "small",
  "RedHatAI/Meta-Llama-3.1-8B-quantized.w8a8 (w8a8_int8)": "small",
  "meta-llama/Llama-3.2-1B-Instruct (default)": "small",
  "RedHatAI/Llama-3.2-1B-Instruct-quantized.w8a8 (w8a8_int8)": "small",
  "AMead10/Llama-3.2-1B-Instruct-AWQ (awq_int4)": "small",
  "meta-llama/Llama-3.2-1B (default)": "small",
  "nvidia/NVIDIA-Nemotron-3-Nano-4B-BF16 (default)": "small",
  "nvidia/NVIDIA-Nemotron-3-Nano-4B-FP8 (fp8)": "small",
  "openbmb/MiniCPM5-1B (default)": "small",
  "tencent/Hunyuan-A13B-Instruct (default)": "setByHand",
};
