import assert from "node:assert/strict";
import fc from "fast-check";
import { accelerators } from "../../../catalog/accelerators.ts";
import { models } from "../../../catalog/models.ts";
import { assessFit, checkFit } from "../../../planning/fit.ts";
import type { FitReport, FitRequest, Verdict } from "../../../planning/fit.ts";
import { GIB } from "../../../planning/fit/memory.ts";
import { validTensorParallel } from "../../../planning/fit/rules.ts";

const RANK: Readonly<Record<Verdict, number>> = { doesNotFit: 0, tight: 1, fits: 2 };
const rank = (report: FitReport): number => RANK[report.verdict];

/** The same cases in every run. */
const CASES = { seed: 20_261_120, numRuns: 500 };

const gpus = accelerators.filter((row) => row.kind === "gpu" && row.support !== "refused");

const requests = fc
  .record({
    model: fc.constantFrom(...models),
    accelerator: fc.constantFrom(...gpus),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    utilization: fc.constantFrom(0.5, 0.8, 0.9, 0.92, 0.95),
    size: fc.nat(),
  })
  .map(
    ({
      model,
      accelerator,
      share,
      utilization,
      size,
    }): FitRequest & { readonly tensorParallel: number; readonly maxLength: number } => {
      const sizes = validTensorParallel(model);
      const maxLength = Math.max(1, Math.round(model.maxLength ** share));
      return { model, accelerator, utilization, maxLength, tensorParallel: sizes[size % sizes.length] ?? 1 };
    },
  );

describe("fit: what holds for every model and GPU", () => {
  it("more GPUs never turn a fit into none", () => {
    fc.assert(
      fc.property(requests, (request) => {
        fc.pre(assessFit(request).verdict === "fits");
        for (const tensorParallel of validTensorParallel(request.model).filter(
          (size) => size > request.tensorParallel,
        )) {
          assert.notEqual(assessFit({ ...request, tensorParallel }).verdict, "doesNotFit");
        }
      }),
      CASES,
    );
  });

  it("more memory is never worse", () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 1, max: 4, noNaN: true }), (request, factor) => {
        const memoryGiB = request.accelerator.memoryGiB * factor;
        assert.ok(rank(assessFit({ ...request, memoryGiB })) >= rank(assessFit(request)));
      }),
      CASES,
    );
  });

  it("a longer context is never better", () => {
    fc.assert(
      fc.property(requests, fc.double({ min: 0, max: 1, noNaN: true }), (request, share) => {
        const shorter = Math.max(1, Math.floor(request.maxLength * share));
        assert.ok(rank(assessFit(request)) <= rank(assessFit({ ...request, maxLength: shorter })));
      }),
      CASES,
    );
  });

  it("the tokens promised are in the memory left", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { figures } = assessFit(request);
        if (figures === undefined) return;
        assert.ok(figures.kvTokens * figures.kvBytesPerToken <= Math.max(0, figures.kvCacheGiB) * GIB + 1);
        assert.ok(figures.kvTokens >= 0 && figures.concurrency >= 0 && figures.shortfallGiB >= 0);
      }),
      CASES,
    );
  });

  it("an fp8 cache never holds fewer tokens", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const fp8 = assessFit({ ...request, kvCacheDtype: "fp8" }).figures;
        const auto = assessFit(request).figures;
        if (fp8 === undefined || auto === undefined) return;
        assert.ok(fp8.kvTokens >= auto.kvTokens);
      }),
      CASES,
    );
  });

  it("a proposed change improves the verdict when it is made", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const report = checkFit(request);
        if (report.change === undefined) return;
        const changed = assessFit({ ...report.request, ...report.change.set });
        assert.equal(changed.verdict, report.change.verdict);
        assert.ok(rank(changed) > rank(report));
      }),
      CASES,
    );
  });

  it("the verdict follows from the figures", () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { verdict, figures, problems } = assessFit(request);
        if (figures === undefined || problems.some((problem) => problem.severity === "error")) {
          assert.equal(verdict, "doesNotFit");
          return;
        }
        assert.equal(verdict === "doesNotFit", figures.shortfallGiB > 0);
        if (verdict === "fits") assert.ok(figures.concurrency >= 4);
        if (verdict !== "doesNotFit") assert.ok(figures.concurrency >= 1);
      }),
      CASES,
    );
  });
});
