import type { Flag } from "../flags.ts";

/**
 * Flags of `vllm serve` 0.29.0 that differ from 0.31.0: a row here replaces the row of that name. What 0.31.0 has and 0.29.0 has
 * not is marked there by `since`.
 *
 * Source: vllm-project/vllm `vllm/engine/arg_utils.py`, `vllm/entrypoints/common/cli_args.py`, `vllm/config/*.py` at v0.29.0 (Apache-2.0), read 2026-11.
 */
// prettier-ignore
export const FLAGS_0_29_0: readonly Flag[] = [
  { name: "--log-config-file", kind: "string" },
  { name: "--tokenizer-mode", kind: "string", known: ["auto", "cohere", "deepseek_v32", "deepseek_v4", "hf", "inkling", "kimi_k3", "mistral", "slow"], default: "auto" },
  { name: "--load-format", kind: "string", known: ["auto", "dummy", "fastsafetensors", "hf", "instanttensor", "mistral", "modelexpress", "npcache", "pt", "runai_streamer", "runai_streamer_sharded", "safetensors", "sharded_state", "tensorizer"], default: "auto" },
  { name: "--attention-backend", kind: "enum", choices: ["auto", "AMX_MLA", "CPU_ATTN", "CPU_MLA", "CUSTOM", "CUTLASS_MLA", "CUTLASS_MSA", "FLASHINFER", "FLASHINFER_MLA", "FLASHINFER_MLA_SPARSE", "FLASHINFER_MLA_SPARSE_DSV4", "FLASHINFER_MLA_SPARSE_SM120", "FLASHMLA", "FLASHMLA_SPARSE", "FLASHMLA_SPARSE_DSV4", "FLASH_ATTN", "FLASH_ATTN_DIFFKV", "FLASH_ATTN_MLA", "FLASH_ATTN_MLA_SPARSE", "FLEX_ATTENTION", "HPC_ATTN", "MINIMAX_M3_SPARSE", "NO_ATTENTION", "ROCM_AITER_FA", "ROCM_AITER_MLA", "ROCM_AITER_MLA_SPARSE", "ROCM_AITER_TRITON_MLA", "ROCM_AITER_UNIFIED_ATTN", "ROCM_ATTN", "ROCM_FLASHMLA_SPARSE_DSV4", "TOKENSPEED_MLA", "TORCH_SDPA", "TRITON_ATTN", "TRITON_ATTN_DIFFKV", "TRITON_MLA", "TRITON_MSA", "TURBOQUANT", "XPU_MLA_SPARSE"], anyCase: true },
  { name: "--cp-kv-cache-interleave-size", kind: "int", default: 1 },
  { name: "--all2all-backend", kind: "enum", choices: ["allgather_reducescatter", "deepep_high_throughput", "deepep_low_latency", "deepep_v2", "flashinfer_all2allv", "flashinfer_nvlink_one_sided", "flashinfer_nvlink_two_sided", "mori_high_throughput", "mori_low_latency", "naive", "nixl_ep", "pplx"], default: "allgather_reducescatter" },
  { name: "--gpu-memory-utilization", kind: "float", default: 0.92, max: 1, above: 0 },
  { name: "--kv-cache-dtype", kind: "enum", choices: ["auto", "bfloat16", "float16", "fp8", "fp8_ds_mla", "fp8_e4m3", "fp8_e5m2", "fp8_inc", "fp8_per_token_head", "int4_per_token_head", "int8_per_token_head", "nvfp4", "nvfp4_4over6", "turboquant_3bit_nc", "turboquant_4bit_nc", "turboquant_k3v4_nc", "turboquant_k8v4"], default: "auto" },
  { name: "--prefix-cache-retention-interval", kind: "int", min: 0 },
  { name: "--mm-encoder-attn-backend", kind: "enum", choices: ["AMX_MLA", "CPU_ATTN", "CPU_MLA", "CUSTOM", "CUTLASS_MLA", "CUTLASS_MSA", "FLASHINFER", "FLASHINFER_MLA", "FLASHINFER_MLA_SPARSE", "FLASHINFER_MLA_SPARSE_DSV4", "FLASHINFER_MLA_SPARSE_SM120", "FLASHMLA", "FLASHMLA_SPARSE", "FLASHMLA_SPARSE_DSV4", "FLASH_ATTN", "FLASH_ATTN_DIFFKV", "FLASH_ATTN_MLA", "FLASH_ATTN_MLA_SPARSE", "FLEX_ATTENTION", "HPC_ATTN", "MINIMAX_M3_SPARSE", "NO_ATTENTION", "ROCM_AITER_FA", "ROCM_AITER_MLA", "ROCM_AITER_MLA_SPARSE", "ROCM_AITER_TRITON_MLA", "ROCM_AITER_UNIFIED_ATTN", "ROCM_ATTN", "ROCM_FLASHMLA_SPARSE_DSV4", "TOKENSPEED_MLA", "TORCH_SDPA", "TRITON_ATTN", "TRITON_ATTN_DIFFKV", "TRITON_MLA", "TRITON_MSA", "TURBOQUANT", "XPU_MLA_SPARSE"], anyCase: true },
  { name: "--collect-detailed-traces", kind: "list", separator: "spaces", item: "enum", choices: ["all", "model", "worker", "model,worker", "model,all", "worker,model", "worker,all", "all,model", "all,worker"] },
  { name: "--enable-bf16x3-router-gemm", kind: "bool", default: false },
  { name: "--moe-backend", kind: "enum", choices: ["aiter", "auto", "b12x", "batched_triton", "cutlass", "deep_gemm", "deep_gemm_mega_moe", "emulation", "flashinfer_b12x", "flashinfer_cutedsl", "flashinfer_cutlass", "flashinfer_moe_ep_mega_cutedsl", "flashinfer_moe_ep_mega_deep_gemm", "flashinfer_trtllm", "flydsl", "hpc", "humming", "marlin", "triton", "triton_unfused"], default: "auto", anyCase: true, dashIsUnderscore: true },
  { name: "--spec-method", kind: "enum", choices: ["bailing_hybrid_mtp", "bailing_hybrid_v3_mtp", "custom_class", "deepseek_mtp", "dflash", "dots3_note_mtp", "draft_model", "dspark", "eagle", "eagle3", "ernie_mtp", "exaone4_5_mtp", "exaone_moe_mtp", "extract_hidden_states", "gemma4_mtp", "glm4_moe_lite_mtp", "glm4_moe_mtp", "glm_ocr_mtp", "hy_v3_mtp", "hy_v4_mtp", "inkling_mtp", "kimi_k3_mtp", "longcat_flash_mtp", "medusa", "mimo_mtp", "mimo_v2_mtp", "minimax_m3_mtp", "mlp_speculator", "mtp", "nemotron_h_mtp", "ngram", "ngram_gpu", "pangu_ultra_moe_mtp", "qwen3_5_mtp", "qwen3_next_mtp", "qwen4_exp_mtp", "step3p5_mtp", "suffix"] },
  { name: "--kda-prefill-backend", kind: "enum", choices: ["auto", "triton", "flashkda"] },
];
