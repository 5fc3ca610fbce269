import type { Evidence } from "../evidence.ts";

const date = "2026-11";

/** `config.json` copies in ai-dynamo/aiconfigurator. */
export const aiconfigurator: Evidence = {
  source: "ai-dynamo/aiconfigurator aic-core/src/aiconfigurator_core/model_configs @ 095f58a51c4c",
  date,
};

/** Model catalog of kaito-project/kaito; its sizes have two decimals of a GiB. */
export const kaito: Evidence = {
  source: "kaito-project/kaito presets/workspace/models/model_catalog.yaml @ 056b8280b1a8",
  date,
};

/** `config.json` copies in inference-sim/inference-sim. */
export const inferenceSim: Evidence = { source: "inference-sim/inference-sim model_configs @ f90a1e3a6787", date };

/** Defaults of the configuration classes in huggingface/transformers. */
export const transformers: Evidence = { source: "huggingface/transformers v5.23.0 configuration classes", date };

/** The KV cache calculator of LMCache. */
export const lmcache: Evidence = {
  source: "LMCache/LMCache examples/kv_cache_calculator/modelconfig.json @ 0ac4671b15d9",
  date,
};

/** Measurements of the llm-d capacity planner. */
export const llmdPlanner: Evidence = {
  source: "llm-d-incubation/llm-d-planner docs/empirical-vllm-memory-results.md @ e50305af90f0",
  date,
};

/** Nothing of the row was read in a source. */
export const recalled: Evidence = { source: "recalled", date };
