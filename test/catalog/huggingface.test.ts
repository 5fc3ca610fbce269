import assert from "node:assert/strict";
import { ConfigError, fromHuggingFaceConfig } from "../../catalog/huggingface.ts";
import { findModel } from "../../catalog/models.ts";

const LLAMA = {
  architectures: ["LlamaForCausalLM"],
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  max_position_embeddings: 131072,
  vocab_size: 128256,
  tie_word_embeddings: false,
  torch_dtype: "bfloat16",
};

describe("catalog: config.json of the hub", () => {
  it("reads what the catalog says about the same model", () => {
    const { architecture, checkpoint } = fromHuggingFaceConfig(LLAMA);
    const row = findModel("meta-llama/Llama-3.1-8B-Instruct");
    assert.ok(row !== undefined);
    for (const [field, value] of Object.entries(architecture)) {
      assert.deepEqual(value, Object.entries(row).find(([name]) => name === field)?.[1], field);
    }
    assert.deepEqual(checkpoint, { dtype: "bfloat16" });
  });

  it("names all missing fields at once", () => {
    assert.throws(() => fromHuggingFaceConfig({ hidden_size: 4096, architectures: ["X"] }), {
      name: "ConfigError",
      message: /missing num_hidden_layers, num_attention_heads, max_position_embeddings – /,
    });
    assert.throws(() => fromHuggingFaceConfig([]), ConfigError);
    assert.throws(() => fromHuggingFaceConfig("config"), ConfigError);
  });

  it("does not take zero, text or null for a number", () => {
    assert.throws(
      () => fromHuggingFaceConfig({ ...LLAMA, num_hidden_layers: 0, hidden_size: "4096" }),
      /num_hidden_layers, hidden_size/,
    );
  });

  it("reads the nested configuration of multimodal models, whose own fields win", () => {
    const config = { architectures: ["Gemma3ForConditionalGeneration"], hidden_size: 1, text_config: LLAMA };
    const { architecture } = fromHuggingFaceConfig(config);
    assert.equal(architecture.architecture, "Gemma3ForConditionalGeneration");
    assert.equal(architecture.hiddenSize, 4096);
  });

  it("reads GPT-2's names and multi-query attention", () => {
    const { architecture } = fromHuggingFaceConfig({
      model_type: "gpt2",
      n_layer: 12,
      n_embd: 768,
      n_head: 12,
      n_positions: 1024,
    });
    assert.equal(architecture.architecture, "gpt2");
    assert.equal(architecture.keyValueHeads, 12, "without grouping every head has its own");
    assert.equal(architecture.headDimension, 64);
    const falcon = { ...LLAMA, num_key_value_heads: undefined, multi_query: true };
    assert.equal(fromHuggingFaceConfig(falcon).architecture.keyValueHeads, 1);
  });

  it("keeps a head dimension that is not hidden size over heads", () => {
    assert.equal(fromHuggingFaceConfig({ ...LLAMA, head_dim: 256 }).architecture.headDimension, 256);
  });

  it("counts kinds of layers from a list, an interval and a pattern", () => {
    const types = ["sliding_attention", "sliding_attention", "full_attention", "linear_attention"];
    const listed = fromHuggingFaceConfig({ ...LLAMA, num_hidden_layers: 4, layer_types: types, sliding_window: 128 });
    assert.deepEqual(listed.architecture.layerCounts, { full: 1, sliding: 2, recurrent: 1 });
    assert.equal(listed.architecture.slidingWindow, 128);
    const interval = fromHuggingFaceConfig({ ...LLAMA, num_hidden_layers: 48, full_attention_interval: 4 });
    assert.deepEqual(interval.architecture.layerCounts, { full: 12, sliding: 0, recurrent: 36 });
    const gemma = fromHuggingFaceConfig({
      ...LLAMA,
      num_hidden_layers: 34,
      sliding_window_pattern: 6,
      sliding_window: 1024,
    });
    assert.deepEqual(gemma.architecture.layerCounts, { full: 5, sliding: 29, recurrent: 0 });
    const nemotron = fromHuggingFaceConfig({ ...LLAMA, num_hidden_layers: 6, hybrid_override_pattern: "M-M*-E" });
    assert.deepEqual(nemotron.architecture.layerCounts, { full: 1, sliding: 0, recurrent: 2 });
  });

  it("wants the window of sliding layers", () => {
    assert.throws(
      () => fromHuggingFaceConfig({ ...LLAMA, layer_types: ["sliding_attention"] }),
      /missing sliding_window/,
    );
  });

  it("takes a window that no layer uses for none", () => {
    const qwen = { ...LLAMA, architectures: ["Qwen2ForCausalLM"], use_sliding_window: false, sliding_window: 4096 };
    assert.equal(fromHuggingFaceConfig(qwen).architecture.layerCounts, undefined);
  });

  it("computes the state of recurrent layers where their dimensions are given", () => {
    const mamba = {
      ...LLAMA,
      hybrid_override_pattern: "M*",
      mamba_num_heads: 128,
      mamba_head_dim: 64,
      ssm_state_size: 128,
    };
    assert.equal(fromHuggingFaceConfig(mamba).architecture.recurrentStateBytes, 4 * 128 * 64 * 128);
    const delta = {
      ...LLAMA,
      full_attention_interval: 4,
      linear_num_value_heads: 32,
      linear_key_head_dim: 128,
      linear_value_head_dim: 128,
    };
    assert.equal(fromHuggingFaceConfig(delta).architecture.recurrentStateBytes, 4 * 32 * 128 * 128);
  });

  it("reads latent attention, with and without a sparse indexer", () => {
    const deepseek = { ...LLAMA, kv_lora_rank: 512, qk_rope_head_dim: 64, v_head_dim: 128 };
    assert.deepEqual(fromHuggingFaceConfig(deepseek).architecture.latentAttention, {
      kvLoraRank: 512,
      ropeHeadDimension: 64,
    });
    const sparse = fromHuggingFaceConfig({ ...deepseek, index_head_dim: 128 }).architecture.latentAttention;
    assert.deepEqual(sparse, findModel("deepseek-ai/DeepSeek-V3.2")?.latentAttention);
    assert.throws(() => fromHuggingFaceConfig({ ...LLAMA, kv_lora_rank: 512 }), /missing qk_rope_head_dim/);
  });

  it("reads experts and the checkpoint's quantisation", () => {
    const { architecture, checkpoint } = fromHuggingFaceConfig({
      ...LLAMA,
      num_local_experts: 128,
      num_experts_per_tok: 4,
      quantization_config: { quant_method: "mxfp4" },
    });
    assert.deepEqual(architecture.experts, { total: 128, active: 4 });
    assert.equal(checkpoint.quantization, "mxfp4");
  });
});
