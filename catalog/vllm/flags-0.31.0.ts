import type { Flag } from "../flags.ts";

/**
 * Flags of `vllm serve` 0.31.0 that differ from 0.33.0: a row here replaces the row of that name. What 0.33.0 has and 0.31.0 has
 * not is marked there by `since`.
 *
 * Source: vllm-project/vllm `vllm/engine/arg_utils.py`, `vllm/entrypoints/common/cli_args.py`, `vllm/config/*.py` at v0.31.0 (Apache-2.0), read 2026-11.
 */
// prettier-ignore
export const FLAGS_0_31_0: readonly Flag[] = [
  { name: "--tool-strict-level", kind: "enum", choices: ["auto", "function", "parameter"], default: "auto", since: "0.31.0" },
  { name: "--allowed-origins", kind: "json", default: ["*"], json: "array", note: "JSON array of strings" },
  { name: "--tokenizer-mode", kind: "string", known: ["auto", "cohere", "deepseek_v32", "deepseek_v4", "hf", "inkling", "kimi_k3", "mistral"], default: "auto" },
  { name: "--disable-cascade-attn", kind: "bool", default: true },
  { name: "--attention-backend", kind: "enum", choices: ["auto", "AMX_MLA", "B12X", "CPU_ATTN", "CPU_MLA", "CUSTOM", "CUTLASS_MLA", "CUTLASS_MSA", "FLASHINFER", "FLASHINFER_MLA", "FLASHINFER_MLA_SPARSE", "FLASHINFER_MLA_SPARSE_DSV4", "FLASHINFER_MLA_SPARSE_DSV41", "FLASHINFER_MLA_SPARSE_SM120", "FLASHINFER_MLA_SPARSE_SM90", "FLASHMLA", "FLASHMLA_MEGA_ATTN_DSV41", "FLASHMLA_SPARSE", "FLASHMLA_SPARSE_DSV4", "FLASHMLA_SPARSE_DSV41", "FLASH_ATTN", "FLASH_ATTN_DIFFKV", "FLASH_ATTN_MLA", "FLASH_ATTN_MLA_SPARSE", "FLEX_ATTENTION", "HPC_ATTN", "MINIMAX_M3_SPARSE", "NO_ATTENTION", "ROCM_AITER_FA", "ROCM_AITER_MLA", "ROCM_AITER_MLA_SPARSE", "ROCM_AITER_TRITON_MLA", "ROCM_AITER_UNIFIED_ATTN", "ROCM_ATTN", "ROCM_FLASHMLA_SPARSE_DSV4", "TOKENSPEED_MLA", "TORCH_SDPA", "TRITON_ATTN", "TRITON_ATTN_DIFFKV", "TRITON_FLASHINFER", "TRITON_FLASH_ATTN", "TRITON_MLA", "TRITON_MSA", "TURBOQUANT", "XPU_MLA_SPARSE"], anyCase: true },
  { name: "--kv-cache-dtype", kind: "enum", choices: ["auto", "bfloat16", "float16", "fp8", "fp8_ds_mla", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_per_token_head", "int4_per_token_head", "int8_per_token_head", "nvfp4", "nvfp4_4over6", "nvfp4_ds_mla", "turboquant_3bit_nc", "turboquant_4bit_nc", "turboquant_k3v4_nc", "turboquant_k8v4"], default: "auto" },
  { name: "--mamba-cache-mode", kind: "enum", choices: ["align", "all", "none"], default: "none" },
  { name: "--mm-encoder-attn-backend", kind: "enum", choices: ["AMX_MLA", "B12X", "CPU_ATTN", "CPU_MLA", "CUSTOM", "CUTLASS_MLA", "CUTLASS_MSA", "FLASHINFER", "FLASHINFER_MLA", "FLASHINFER_MLA_SPARSE", "FLASHINFER_MLA_SPARSE_DSV4", "FLASHINFER_MLA_SPARSE_DSV41", "FLASHINFER_MLA_SPARSE_SM120", "FLASHINFER_MLA_SPARSE_SM90", "FLASHMLA", "FLASHMLA_MEGA_ATTN_DSV41", "FLASHMLA_SPARSE", "FLASHMLA_SPARSE_DSV4", "FLASHMLA_SPARSE_DSV41", "FLASH_ATTN", "FLASH_ATTN_DIFFKV", "FLASH_ATTN_MLA", "FLASH_ATTN_MLA_SPARSE", "FLEX_ATTENTION", "HPC_ATTN", "MINIMAX_M3_SPARSE", "NO_ATTENTION", "ROCM_AITER_FA", "ROCM_AITER_MLA", "ROCM_AITER_MLA_SPARSE", "ROCM_AITER_TRITON_MLA", "ROCM_AITER_UNIFIED_ATTN", "ROCM_ATTN", "ROCM_FLASHMLA_SPARSE_DSV4", "TOKENSPEED_MLA", "TORCH_SDPA", "TRITON_ATTN", "TRITON_ATTN_DIFFKV", "TRITON_FLASHINFER", "TRITON_FLASH_ATTN", "TRITON_MLA", "TRITON_MSA", "TURBOQUANT", "XPU_MLA_SPARSE"], anyCase: true },
  { name: "--max-num-scheduled-tokens", kind: "humanInt", min: 0 },
  { name: "--ir-op-priority", kind: "json", dotted: true, json: "object" },
  { name: "--moe-backend", kind: "enum", choices: ["aiter", "aiter_triton_mxfp4_bf16", "auto", "b12x", "batched_triton", "cutlass", "deep_gemm", "deep_gemm_mega_moe", "emulation", "flashinfer_b12x", "flashinfer_cutedsl", "flashinfer_cutlass", "flashinfer_moe_ep_mega_cutedsl", "flashinfer_moe_ep_mega_deep_gemm", "flashinfer_trtllm", "flydsl", "hpc", "humming", "marlin", "rdna3", "triton", "triton_unfused"], default: "auto", anyCase: true, dashIsUnderscore: true },
  { name: "--sparse-indexer-topk-backend", kind: "enum", choices: ["auto", "cooperative", "deep_select", "flashinfer", "per_row", "persistent", "torch"], default: "auto", since: "0.30.0", anyCase: true, dashIsUnderscore: true },
  { name: "--spec-method", kind: "enum", choices: ["bailing_hybrid_mtp", "bailing_hybrid_v3_mtp", "custom_class", "deepseek_mtp", "dflash", "dots3_note_mtp", "draft_model", "dspark", "eagle", "eagle3", "ernie_mtp", "exaone4_5_mtp", "exaone_moe_mtp", "extract_hidden_states", "gemma4_mtp", "glm4_moe_lite_mtp", "glm4_moe_mtp", "glm5_next_mtp", "glm_ocr_mtp", "hy_v3_mtp", "hy_v4_mtp", "inkling_mtp", "kimi_k3_mtp", "longcat_flash_mtp", "medusa", "mimo_mtp", "mimo_v2_mtp", "minimax_m3_mtp", "mlp_speculator", "mtp", "nemotron_h_mtp", "ngram", "ngram_gpu", "pangu_ultra_moe_mtp", "qwen3_5_mtp", "qwen3_next_mtp", "qwen4_exp_mtp", "step3p5_mtp", "suffix"] },
  { name: "--gdn-prefill-backend", kind: "enum", choices: ["flashinfer", "triton", "cutedsl"] },
];
