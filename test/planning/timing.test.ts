import assert from "node:assert/strict";
import { predictStart } from "../../planning/timing.ts";

const LLAMA_8B = { weightsBytes: 16.06e9, layers: 32 };
const LLAMA_70B = { weightsBytes: 141.1e9, layers: 80, gpus: 4 };

describe("timing", () => {
  it("loads Llama-8B from a default disk in the 48 s that were measured, and starts in under two minutes", () => {
    const { breakdown, seconds } = predictStart({ ...LLAMA_8B, source: "localDisk" });
    assert.equal(breakdown.find((step) => step.label === "load weights")?.seconds, 48);
    assert.ok(seconds < 120);
  });

  it("takes about 20 minutes for 70B through an untuned network volume and 24 from the hub", () => {
    const load = (source: "hub" | "sharedVolume"): number =>
      Math.max(...predictStart({ ...LLAMA_70B, source }).breakdown.map((step) => step.seconds));
    assert.ok(Math.abs(load("sharedVolume") - 1200) < 20);
    assert.ok(Math.abs(load("hub") - 24 * 60) < 20);
  });

  it("adds up, and leaves out what does not happen", () => {
    const full = predictStart({ ...LLAMA_70B, source: "hub", imageBytes: 10e9 });
    assert.equal(
      full.seconds,
      full.breakdown.reduce((sum, step) => sum + step.seconds, 0),
    );
    assert.deepEqual(
      full.breakdown.map((step) => step.label),
      ["pull image", "start process", "download weights", "compile, capture CUDA graphs"],
    );
    const eager = predictStart({ ...LLAMA_8B, source: "localDisk", enforceEager: true });
    assert.deepEqual(
      eager.breakdown.map((step) => step.label),
      ["start process", "load weights"],
    );
  });

  it("gives probes at least ten minutes, and twice the prediction in whole minutes", () => {
    assert.equal(predictStart({ ...LLAMA_8B, source: "localDisk" }).budgetSeconds, 600);
    const { seconds, budgetSeconds } = predictStart({ ...LLAMA_70B, source: "hub" });
    assert.ok(budgetSeconds >= 2 * seconds && budgetSeconds < 2 * seconds + 60);
    assert.equal(budgetSeconds % 60, 0);
  });

  it("takes longer for more weights", () => {
    const seconds = [1e9, 1e10, 1e11, 1e12].map(
      (weightsBytes) => predictStart({ weightsBytes, source: "hub" }).seconds,
    );
    assert.deepEqual(
      seconds,
      seconds.toSorted((a, b) => a - b),
    );
  });
});
