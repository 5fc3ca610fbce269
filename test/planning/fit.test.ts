import assert from "node:assert/strict";
import { getAccelerator } from "../../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import { findModel } from "../../catalog/models.ts";
import type { Model } from "../../catalog/models.ts";
import { checkFit, summarizeFit } from "../../planning/fit.ts";
import type { FitFigures, FitReport, FitRequest } from "../../planning/fit.ts";
import { GIB, kvBytes, sequenceBytes } from "../../planning/fit-memory.ts";
import { describeProblem, validTensorParallel } from "../../planning/fit-rules.ts";
import { WORKED_FITS } from "./data/worked-fits.ts";

function model(id: string): Model {
  const found = findModel(id);
  assert.ok(found !== undefined, `${id} is in the catalog`);
  return found;
}

function fit(id: string, gpu: string, rest: Omit<FitRequest, "model" | "accelerator"> = {}): FitReport {
  return checkFit({ model: model(id), accelerator: getAccelerator(gpu), ...rest });
}

function figures(report: FitReport): FitFigures {
  assert.ok(report.figures !== undefined, report.problems.map(describeProblem).join("\n"));
  return report.figures;
}

const errors = (report: FitReport): readonly string[] =>
  report.problems.filter((problem) => problem.severity === "error").map(describeProblem);

/** Equal to a printed figure: within 2 %, or within half of its last digit. */
function asPrinted(actual: number, printed: number, what: string, digit = 0.05): void {
  const allowed = Math.max(Math.abs(printed) * 0.02, digit);
  assert.ok(Math.abs(actual - printed) <= allowed + 1e-9, `${what}: ${actual} instead of ${printed}`);
}

const LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct";
const LLAMA_70B = "meta-llama/Llama-3.3-70B-Instruct";

describe("fit: worked examples", () => {
  for (const row of WORKED_FITS) {
    const title = `${row.count} × ${row.gpu}, ${row.model}${row.quantization === undefined ? "" : ` in ${row.quantization}`} at ${row.length}`;
    it(`${title}: ${row.verdict}`, () => {
      const report = fit(row.model, row.gpu, {
        tensorParallel: row.count,
        maxLength: row.length,
        ...(row.quantization !== undefined && { quantization: row.quantization }),
      });
      const actual = figures(report);
      if (row.verdict === "starts") assert.notEqual(report.verdict, "doesNotFit");
      else assert.equal(report.verdict, row.verdict);
      if (row.weights !== undefined) asPrinted(actual.weightsGiB, row.weights, "weights");
      if (row.kv !== undefined) asPrinted(actual.kvCacheGiB, row.kv, "KV cache");
      if (row.tokens !== undefined) asPrinted(actual.kvTokens, row.tokens, "tokens", row.tokens * 0.025);
      if (row.requests !== undefined)
        asPrinted(actual.concurrency, row.requests, "requests", Number.isInteger(row.requests) ? 0.7 : 0.05);
    });
  }

  it("reproduces 79.18 GiB × utilisation − weights − activation − non-torch on an H100", () => {
    for (const utilization of [0.5, 0.8, 0.9, 0.92, 0.95]) {
      const actual = figures(fit(LLAMA_8B, "h100", { utilization }));
      assert.ok(Math.abs(actual.kvCacheGiB - (79.18 * utilization - actual.weightsGiB - 4.8 - 0.15)) < 1e-9);
    }
  });

  it("shows the arithmetic: the rows from the budget on add up to the KV cache", () => {
    const { rows } = fit(LLAMA_70B, "h100", { tensorParallel: 4 });
    const [, budget, weights, activation, nonTorch, kv] = rows.map((row) => row.gib);
    assert.ok(
      budget !== undefined &&
        weights !== undefined &&
        activation !== undefined &&
        nonTorch !== undefined &&
        kv !== undefined,
    );
    assert.ok(Math.abs(budget + weights + activation + nonTorch - kv) < 1e-9);
    assert.ok(rows.every((row) => row.label !== ""));
  });
});

describe("fit: bytes of the KV cache", () => {
  const kib = (id: string, tensor: number): number => kvBytes(model(id), { tensor, pipeline: 1 }, 2).growing / 1024;

  it("divides KV heads by tensor parallelism and replicates them beyond", () => {
    assert.equal(kib(LLAMA_8B, 1), 128);
    assert.equal(kib(LLAMA_8B, 8), 16);
    assert.equal(kib(LLAMA_8B, 16), 16, "8 KV heads on 16 GPUs: one each, twice");
    assert.equal(kib(LLAMA_70B, 1), 320);
    assert.equal(kib("Qwen/Qwen3-32B", 1), 256);
  });

  it("keeps one latent per layer on every rank for multi-head latent attention", () => {
    assert.equal(kib("deepseek-ai/DeepSeek-R1", 1), 68.625);
    assert.equal(kib("deepseek-ai/DeepSeek-R1", 8), 68.625);
  });

  it("counts DeepSeek-V3.2's fixed latent format and its indexer whatever the cache's type", () => {
    const kv = (bytes: number): number =>
      kvBytes(model("deepseek-ai/DeepSeek-V3.2"), { tensor: 8, pipeline: 1 }, bytes).growing;
    assert.equal(kv(2), 61 * (656 + 132));
    assert.equal(kv(1), kv(2));
  });

  it("lets sliding layers keep their window only", () => {
    const kv = kvBytes(model("openai/gpt-oss-120b"), { tensor: 1, pipeline: 1 }, 2);
    assert.equal(kv.growing / 1024, 36);
    assert.equal(sequenceBytes(kv, 64), 2 * 64 * kv.growing, "below the window all 36 layers keep everything");
    assert.equal(sequenceBytes(kv, 8192) - sequenceBytes(kv, 4096), 4096 * kv.growing);
  });

  it("gives recurrent layers a state per sequence that does not grow", () => {
    const nemotron = model("nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16");
    const kv = kvBytes(nemotron, { tensor: 1, pipeline: 1 }, 2);
    assert.equal(kv.state, 23 * 2688 * 256 * 4);
    assert.equal(sequenceBytes(kv, 2) - sequenceBytes(kv, 1), kv.growing);
    const stated = kvBytes({ ...nemotron, recurrentStateBytes: 1000 }, { tensor: 2, pipeline: 1 }, 2);
    assert.equal(stated.state, (23 * 1000) / 2);
  });

  it("counts values that are shorter than keys, and the largest pipeline stage", () => {
    const shape = { ...model(LLAMA_8B), valueHeadDimension: 64 };
    assert.equal(kvBytes(shape, { tensor: 1, pipeline: 1 }, 2).growing, 32 * 8 * (128 + 64) * 2);
    assert.equal(kvBytes(model(LLAMA_8B), { tensor: 1, pipeline: 3 }, 2).growing, 11 * 8 * 256 * 2);
  });

  it("halves with an fp8 cache", () => {
    const auto = figures(fit(LLAMA_8B, "l4", { maxLength: 8192 }));
    const fp8 = figures(fit(LLAMA_8B, "l4", { maxLength: 8192, kvCacheDtype: "fp8" }));
    assert.equal(fp8.kvBytesPerToken * 2, auto.kvBytesPerToken);
    assert.ok(Math.abs(fp8.kvTokens - 2 * auto.kvTokens) <= 1);
  });
});

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

describe("fit: what to change", () => {
  const again = (report: FitReport): FitReport => {
    assert.ok(report.change !== undefined);
    return checkFit({ ...report.request, ...report.change.set });
  };

  it("proposes nothing when the model fits", () => {
    assert.equal(fit(LLAMA_8B, "l40s", { maxLength: 8192 }).change, undefined);
  });

  it("first proposes the longest context that works", () => {
    const report = fit(LLAMA_8B, "l4");
    assert.equal(report.verdict, "doesNotFit", "one request of 131,072 tokens needs 16 GiB");
    assert.equal(report.change?.text, "max length 26624");
    assert.equal(again(report).verdict, report.change.verdict);
    assert.equal(fit(LLAMA_8B, "l4", { maxLength: 26624 + 1024 }).verdict, "doesNotFit");
  });

  it("then weights in fp8 where the GPU computes in it", () => {
    const report = fit(LLAMA_70B, "h100", { tensorParallel: 2, maxLength: 8192 });
    assert.equal(report.change?.text, "weights in fp8");
    assert.equal(again(report).verdict, "fits");
  });

  it("then more of the same GPU", () => {
    const report = fit(LLAMA_70B, "a100-80gb", { maxLength: 8192 });
    assert.equal(report.change?.text, "tensor parallelism 2");
    assert.equal(again(report).verdict, "tight");
  });

  it("then the cheapest other GPU", () => {
    const report = fit("deepseek-ai/DeepSeek-R1", "h100", { tensorParallel: 8, maxLength: 8192 });
    assert.equal(report.change?.text, "8 × b200");
    assert.equal(again(report).verdict, "fits");
  });

  it("keeps to hosts of the same architecture: images for arm64 are others", () => {
    const report = fit(LLAMA_70B, "gh200", { maxLength: 8192, quantization: "int8", utilization: 0.5 });
    assert.ok(report.change?.text.includes("×") !== true);
  });

  it("names the shortfall: what weights and overhead exceed the budget by, and one request on top", () => {
    const { kvCacheGiB, shortfallGiB } = figures(fit(LLAMA_8B, "t4", { maxLength: 8192 }));
    assert.ok(Math.abs(shortfallGiB - (2 - kvCacheGiB)) < 1e-9, "four requests of 1 GiB, or 2 GiB: the less");
    const long = figures(fit(LLAMA_8B, "l4", { maxLength: 131_072 }));
    assert.ok(Math.abs(long.shortfallGiB - (16 - long.kvCacheGiB)) < 1e-9);
    assert.equal(figures(fit(LLAMA_8B, "l40s", { maxLength: 8192 })).shortfallGiB, 0);
  });

  it("leaves the question out of what a plan keeps", () => {
    const summary = summarizeFit(fit(LLAMA_8B, "l4"));
    assert.deepEqual(Object.keys(summary).toSorted(), ["change", "figures", "problems", "rows", "verdict"]);
    assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
  });
});

describe("fit: other settings", () => {
  it("counts larger batches as larger activations, and smaller ones as smaller", () => {
    const kv = (maxBatchedTokens: number): number => figures(fit(LLAMA_8B, "h100", { maxBatchedTokens })).kvCacheGiB;
    assert.ok(Math.abs(kv(8192) - figures(fit(LLAMA_8B, "h100")).kvCacheGiB) < 1e-9);
    assert.ok(kv(16384) < kv(8192) && kv(8192) < kv(2048));
    assert.equal(kv(512), kv(2048), "below the smallest measured batch nothing is gained");
  });

  it("divides weights and layers by pipeline parallelism", () => {
    const report = fit(LLAMA_70B, "a100-80gb", { tensorParallel: 2, pipelineParallel: 2, maxLength: 8192 });
    assert.equal(report.verdict, "fits");
    assert.ok(Math.abs(figures(report).weightsGiB - (141_107_412_992 * 1.02) / GIB / 4) < 1e-9);
    assert.equal(figures(report).kvBytesPerToken, 80 * 1024);
  });

  it("answers for a described model as for one of the catalog", () => {
    const described: ArchitectureDescription = {
      architecture: "LlamaForCausalLM",
      layers: 32,
      hiddenSize: 4096,
      attentionHeads: 32,
      keyValueHeads: 8,
      headDimension: 128,
      vocabulary: 128_256,
      maxLength: 131_072,
      weightsBytes: 16_060_522_496,
      dtype: "bfloat16",
    };
    const report = checkFit({ model: described, accelerator: getAccelerator("h100") });
    assert.deepEqual(report.figures, fit(LLAMA_8B, "h100").figures);
  });

  it("counts a simulated GPU as the GPU it stands for", () => {
    assert.deepEqual(fit(LLAMA_8B, "simulated-l4").figures, fit(LLAMA_8B, "l4").figures);
  });

  it("calls a small model in a small slice a fit when it holds several requests", () => {
    const report = fit("facebook/opt-125m", "a100-80gb", { memoryGiB: 4.75, maxLength: 2048 });
    assert.notEqual(report.verdict, "doesNotFit");
  });
});
