import assert from "node:assert/strict";
import { findModel, isGated, models, suggestModels } from "../../catalog/models.ts";
import { findQuantization } from "../../catalog/quantization.ts";

describe("catalog: models", () => {
  it("finds a model whatever the case of its id", () => {
    assert.equal(findModel("META-LLAMA/llama-3.3-70b-instruct")?.layers, 80);
    assert.equal(findModel(" Qwen/Qwen3-8B ")?.id, "Qwen/Qwen3-8B");
    assert.equal(findModel("Qwen/Qwen9-8B"), undefined);
  });

  it("suggests what a short or mistyped id may have meant", () => {
    assert.ok(suggestModels("Llama-3.3-70B").includes("meta-llama/Llama-3.3-70B-Instruct"));
    assert.equal(suggestModels("Qwen/Qwen3-8b-")[0], "Qwen/Qwen3-8B");
    assert.deepEqual(suggestModels("nobody/completely-else-9000"), []);
  });

  it("lists every model once, with its source", () => {
    const ids = models.map((model) => model.id.toLowerCase());
    assert.equal(new Set(ids).size, ids.length);
    for (const model of models) assert.ok(model.source !== "" && /^\d{4}-\d{2}/.test(model.date), model.id);
  });

  it("marks recalled figures by the name of their field", () => {
    for (const model of models) {
      const fields = new Set([...Object.keys(model), "all"]);
      for (const field of model.recalled ?? []) assert.ok(fields.has(field), `${model.id}: ${field}`);
    }
    assert.deepEqual(findModel("TinyLlama/TinyLlama-1.1B-Chat-v1.0")?.recalled, ["all"]);
  });

  it("has shapes that can exist", () => {
    for (const model of models) {
      const { layers, attentionHeads, keyValueHeads, layerCounts, id } = model;
      assert.ok(layers > 0 && attentionHeads > 0 && keyValueHeads > 0 && model.headDimension > 0, id);
      assert.ok(attentionHeads % keyValueHeads === 0, `${id}: ${attentionHeads} heads share ${keyValueHeads} KV heads`);
      assert.ok(model.weightsBytes > 1e8 && model.maxLength >= 2048, id);
      if (layerCounts !== undefined) {
        const counted = layerCounts.full + layerCounts.sliding + layerCounts.recurrent;
        assert.ok(counted <= layers && layerCounts.full > 0, `${id}: ${counted} of ${layers} layers`);
        assert.equal(layerCounts.sliding > 0, model.slidingWindow !== undefined, `${id}: window`);
      }
      if (model.experts !== undefined) assert.ok(model.experts.active < model.experts.total, id);
      if (model.quantization !== undefined) assert.ok(findQuantization(model.quantization) !== undefined, id);
    }
  });

  it("has weights that follow from the parameters where both are stated", () => {
    for (const { id, parameters, weightsBytes } of models) {
      if (parameters === undefined) continue;
      const bytes = weightsBytes / parameters;
      assert.ok(bytes > 0.45 && bytes < 2.1, `${id}: ${bytes.toFixed(2)} bytes per parameter`);
    }
  });

  it("knows which models ask for a licence, in the catalog and beyond", () => {
    assert.equal(isGated("meta-llama/Llama-3.1-8B-Instruct"), true);
    assert.equal(isGated("meta-llama/Llama-9-1B"), true);
    assert.equal(isGated("google/gemma-3-27b-it"), true);
    assert.equal(isGated("google/gemma-4-31B-it"), false);
    assert.equal(isGated("Qwen/Qwen3-8B"), false);
    assert.equal(isGated("facebook/opt-125m"), false);
  });
});
