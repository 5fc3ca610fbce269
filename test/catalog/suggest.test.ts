import assert from "node:assert/strict";
import { closestTo, didYouMean } from "../../catalog/suggest.ts";
import { compareVersions } from "../../catalog/version.ts";

describe("catalog: suggestions", () => {
  it("finds the nearest spelling and ignores case", () => {
    assert.equal(closestTo("Replcias", ["replicas", "resources"]), "replicas");
    assert.equal(didYouMean("poool", ["pool", "policy"]), ' Did you mean "pool"?');
  });

  it("stays silent when nothing is near", () => {
    assert.equal(closestTo("zebra", ["replicas", "pool"]), undefined);
    assert.equal(didYouMean("x", []), "");
  });
});

describe("catalog: versions", () => {
  it("orders them by number, releases after their candidates", () => {
    const versions = ["0.5.6", "0.31.0", "0.5.6rc1", "0.9.1", "v0.10.1.1", "0.10.1"];
    assert.deepEqual(versions.toSorted(compareVersions), [
      "0.5.6rc1",
      "0.5.6",
      "0.9.1",
      "0.10.1",
      "v0.10.1.1",
      "0.31.0",
    ]);
    assert.equal(compareVersions("v0.31", "0.31.0"), 0);
    assert.equal(Math.sign(compareVersions("0.31.0-cu129", "0.31.0")), 0);
  });
});
