import assert from "node:assert/strict";
import { validTensorParallel } from "../../../planning/fit/rules.ts";
import { errors, figures, fit, LLAMA_70B, LLAMA_8B, model } from "../data/fit-support.ts";

describe("fit: what cannot be asked for", () => {
  it("refuses tensor parallelism that does not divide the heads, and names the sizes that do", () => {
    const report = fit(LLAMA_70B, "h100", { tensorParallel: 3 });
    assert.equal(report.verdict, "doesNotFit");
    assert.equal(report.figures, undefined);
    assert.deepEqual(errors(report), [
      "tensorParallel: 3 – meta-llama/Llama-3.3-70B-Instruct has 64 attention heads, which 3 does not divide. Use 1, 2, 4, 8, 16.",
    ]);
  });

  it("refuses tensor parallelism the KV heads cannot follow", () => {
    assert.match(
      errors(fit("microsoft/phi-4", "h100", { tensorParallel: 4 })).join(),
      /10 KV heads, which 4 neither divides/,
    );
    assert.deepEqual(validTensorParallel(model("microsoft/phi-4")), [1, 2, 5, 10]);
    assert.deepEqual(validTensorParallel(model("deepseek-ai/DeepSeek-R1")), [1, 2, 4, 8, 16]);
  });

  it("refuses V100 whatever fits, and still shows the memory", () => {
    const report = fit("facebook/opt-125m", "v100-32gb");
    assert.equal(report.verdict, "doesNotFit");
    assert.ok(figures(report).kvCacheGiB > 20);
    assert.match(errors(report).join(), /no kernels for compute capability 7\.0/);
  });

  it("warns that a T4 turns bfloat16 into float16, and refuses bfloat16 by name", () => {
    const byDefault = fit("Qwen/Qwen3-0.6B", "t4", { maxLength: 4096 });
    assert.deepEqual(errors(byDefault), []);
    assert.ok(byDefault.problems.some((problem) => problem.rule.includes("falls back to float16")));
    assert.match(errors(fit("Qwen/Qwen3-0.6B", "t4", { dtype: "bfloat16" })).join(), /has no bfloat16/);
    assert.deepEqual(errors(fit("Qwen/Qwen3-0.6B", "t4", { dtype: "float16", maxLength: 4096 })), []);
  });

  it("serves FP8 natively from an L4 on, weight-only on an A100, and not on a T4", () => {
    const about = (gpu: string): readonly string[] =>
      fit("Qwen/Qwen3-8B", gpu, { quantization: "fp8", maxLength: 4096 })
        .problems.filter((problem) => problem.field === "quantization")
        .map((problem) => problem.severity);
    assert.deepEqual(about("l4"), []);
    assert.deepEqual(about("h100"), []);
    assert.deepEqual(about("a100-80gb"), ["warning"]);
    assert.deepEqual(about("t4"), ["error"]);
  });

  it("keeps FP4 for Blackwell, and serves MXFP4 checkpoints from an A100 on", () => {
    const nvfp4 = (gpu: string): readonly string[] =>
      errors(fit(LLAMA_8B, gpu, { quantization: "nvfp4", maxLength: 4096 }));
    assert.match(nvfp4("h100").join(), /needs a Blackwell GPU, NVIDIA H100 80 GB has 9\.0/);
    assert.deepEqual(nvfp4("b200"), []);
    assert.deepEqual(errors(fit("openai/gpt-oss-20b", "a100-40gb", { maxLength: 8192 })), []);
  });

  it("refuses to quantise a checkpoint that is stored in another form", () => {
    assert.match(
      errors(fit("deepseek-ai/DeepSeek-R1", "h200", { tensorParallel: 8, quantization: "awq" })).join(),
      /is stored as fp8/,
    );
    assert.deepEqual(errors(fit("deepseek-ai/DeepSeek-R1", "h200", { tensorParallel: 8, quantization: "fp8" })), []);
  });

  it("says which methods are gone, unknown, or need a checkpoint of their own", () => {
    assert.match(errors(fit(LLAMA_8B, "h100", { quantization: "bitsandbytes" })).join(), /no longer has this method/);
    assert.match(errors(fit(LLAMA_8B, "h100", { quantization: "fp88" })).join(), /Did you mean "fp8"/);
    const awq = fit(LLAMA_8B, "l4", { quantization: "awq", maxLength: 8192 });
    assert.equal(awq.verdict, "fits");
    assert.ok(awq.problems.some((problem) => problem.remedy.includes("checkpoint of the model in that form")));
  });

  it("refuses a form vLLM cannot make from the checkpoint where the model is to be started", () => {
    const start = (quantization: string): readonly string[] =>
      errors(fit(LLAMA_8B, "l4", { quantization, maxLength: 8192, hypothetical: false }));
    for (const method of ["awq", "gptq", "modelopt"]) {
      assert.match(start(method).join(), new RegExp(`^quantization: ${method} – the checkpoint is not quantised`));
    }
    assert.match(start("awq").join(), /Use a checkpoint of the model in that form, or one of fp8,/);
    assert.deepEqual(start("fp8"), []);
    assert.equal(fit(LLAMA_8B, "l4", { quantization: "awq", hypothetical: false }).verdict, "doesNotFit");
  });

  it("names every wrong number at once", () => {
    const report = fit(LLAMA_8B, "h100", { utilization: 1.2, maxLength: 200_000, pipelineParallel: 0 });
    assert.deepEqual(
      report.problems.map((problem) => problem.field),
      ["utilization", "pipelineParallel", "maxLength"],
    );
  });

  it("wants to know a CPU engine's memory, and counts with it", () => {
    assert.match(errors(fit("Qwen/Qwen3-0.6B", "cpu")).join(), /State the memory the container gets/);
    assert.equal(fit("Qwen/Qwen3-0.6B", "cpu", { memoryGiB: 16, maxLength: 4096 }).verdict, "fits");
  });

  it("refuses cache types the GPU has no kernels for", () => {
    assert.match(errors(fit(LLAMA_8B, "t4", { kvCacheDtype: "fp8" })).join(), /cannot handle FP8/);
    assert.match(errors(fit(LLAMA_8B, "h100", { kvCacheDtype: "nvfp4" })).join(), /Blackwell/);
    assert.match(errors(fit(LLAMA_8B, "h100", { kvCacheDtype: "fp9" })).join(), /Did you mean "fp8"/);
  });
});
