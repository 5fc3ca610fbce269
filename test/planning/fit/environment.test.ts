import assert from "node:assert/strict";
import { formatProblem } from "../../../environments/schema/problems.ts";
import { planFirst, withModel, type ModelInput } from "../support/environments.ts";

const problems = (change: Partial<ModelInput>): readonly string[] =>
  planFirst(withModel(change)).problems.map(formatProblem);

describe("the fit of an environment's models", () => {
  it("refuses to quantise what vLLM cannot quantise while it loads: the engine would not start", () => {
    const [problem, ...others] = problems({ quantization: "awq" });
    assert.match(problem ?? "", /^models\[0\]\.quantization: awq – the checkpoint is not quantised.*Use a checkpoint/);
    assert.deepEqual(others, []);
    assert.deepEqual(problems({ quantization: "fp8" }), []);
    assert.deepEqual(problems({ model: "Qwen/Qwen3-8B-AWQ", quantization: "awq", architecture: architecture() }), []);
  });

  it("counts a model in 32 bits where dtype says so", () => {
    const large = { model: "Qwen/Qwen3-32B" };
    assert.deepEqual(problems(large), []);
    const [problem] = problems({ ...large, dtype: "float32" });
    assert.match(problem ?? "", /^models\[0\]\.model: Qwen\/Qwen3-32B – does not fit/);
  });

  it("refuses a KV cache of a stated size, which is another than the plan counts", () => {
    const [problem] = problems({ extraArgs: ["--kv-cache-memory-bytes", "10G"] });
    assert.match(problem ?? "", /^models\[0\]\.extraArgs\[0\]: --kv-cache-memory-bytes – .*use gpuMemoryUtilization/);
  });
});

function architecture(): NonNullable<ModelInput["architecture"]> {
  return {
    layers: 36,
    hiddenSize: 4096,
    attentionHeads: 32,
    kvHeads: 8,
    headDimension: 128,
    vocabularySize: 151_936,
    maxLength: 40_960,
    weightsGiB: 5.7,
  };
}
