import assert from "node:assert/strict";
import { getAccelerator } from "../../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import { checkFit } from "../../planning/fit.ts";
import { GIB, kvBytes, sequenceBytes } from "../../planning/fit/memory.ts";
import { figures, fit, LLAMA_70B, LLAMA_8B, model } from "./data/fit-support.ts";
import { WORKED_FITS } from "./data/worked-fits.ts";

/** Equal to a printed figure: within 2 %, or within half of its last digit. */
function asPrinted(actual: number, printed: number, what: string, digit = 0.05): void {
  const allowed = Math.max(Math.abs(printed) * 0.02, digit);
  assert.ok(Math.abs(actual - printed) <= allowed + 1e-9, `${what}: ${actual} instead of ${printed}`);
}

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

describe("fit: other settings", () => {
  it("counts larger batches as larger activations, and smaller ones as smaller", () => {
    const kv = (maxBatchedTokens: number): number => figures(fit(LLAMA_8B, "h100", { maxBatchedTokens })).kvCacheGiB;
    assert.ok(Math.abs(kv(8192) - figures(fit(LLAMA_8B, "h100")).kvCacheGiB) < 1e-9);
    assert.ok(kv(16384) < kv(8192) && kv(8192) < kv(2048));
    assert.equal(kv(512), kv(2048), "below the smallest measured batch nothing is gained");
  });

  it("counts vLLM's default batch as the same number stated, on GPUs of every class", () => {
    for (const [gpu, tokens] of Object.entries({ l4: 2048, h100: 8192, b200: 16_384 })) {
      for (const id of [LLAMA_8B, "Qwen/Qwen3-8B", "openai/gpt-oss-20b"]) {
        const stated = figures(fit(id, gpu, { maxLength: 8192, maxBatchedTokens: tokens })).kvCacheGiB;
        const byDefault = figures(fit(id, gpu, { maxLength: 8192 })).kvCacheGiB;
        assert.ok(Math.abs(stated - byDefault) < 1e-9, `${id} on ${gpu}: ${stated} stated, ${byDefault} by default`);
      }
    }
  });

  it("does not let activation on a B200 grow beyond 8,192 tokens, and lets it shrink below", () => {
    const kv = (maxBatchedTokens: number): number => figures(fit(LLAMA_70B, "b200", { maxBatchedTokens })).kvCacheGiB;
    assert.equal(kv(16_384), kv(8192));
    assert.ok(kv(4096) > kv(8192));
  });

  it("counts 32 bits per weight and per element of the cache with dtype float32", () => {
    const stored = figures(fit(LLAMA_8B, "h100", { maxLength: 8192 }));
    const float32 = figures(fit(LLAMA_8B, "h100", { maxLength: 8192, dtype: "float32" }));
    assert.equal(float32.weightsBytes, 2 * stored.weightsBytes);
    assert.ok(Math.abs(float32.weightsGiB - 2 * stored.weightsGiB) < 1e-9);
    assert.equal(float32.kvBytesPerToken, 2 * stored.kvBytesPerToken);
    assert.equal(fit(LLAMA_8B, "l40s", { maxLength: 8192 }).verdict, "fits");
    assert.equal(fit(LLAMA_8B, "l4", { maxLength: 8192, dtype: "float32" }).verdict, "doesNotFit");
  });

  it("leaves what float32 does not widen: files of 32 bits, stored quantisations, and a cache with a type of its own", () => {
    const float32 = { ...model(LLAMA_8B), dtype: "float32" } as const;
    const ask = { model: float32, accelerator: getAccelerator("h100"), dtype: "float32" };
    assert.equal(figures(checkFit(ask)).weightsBytes, float32.weightsBytes);
    const r1 = { tensorParallel: 8, dtype: "float32" } as const;
    const stored = model("deepseek-ai/DeepSeek-R1").weightsBytes;
    assert.equal(figures(fit("deepseek-ai/DeepSeek-R1", "h200", r1)).weightsBytes, stored);
    const fp8 = figures(fit(LLAMA_8B, "h100", { dtype: "float32", kvCacheDtype: "fp8" }));
    assert.equal(fp8.kvBytesPerToken, 64 * 1024);
  });

  it("does not propose FP8 weights, which compute in 16 bits, where float32 is asked for", () => {
    const report = fit(LLAMA_8B, "l4", { maxLength: 4096, dtype: "float32" });
    assert.notEqual(report.change?.kind, "quantization");
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
