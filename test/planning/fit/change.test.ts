import assert from "node:assert/strict";
import { checkFit, summarizeFit } from "../../../planning/fit.ts";
import type { FitReport } from "../../../planning/fit.ts";
import { figures, fit, LLAMA_70B, LLAMA_8B } from "../data/fit-support.ts";

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
