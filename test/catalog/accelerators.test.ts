import assert from "node:assert/strict";
import { accelerators, acceleratorIds, findAccelerator, getAccelerator } from "../../catalog/accelerators.ts";

describe("catalog: accelerators", () => {
  it("finds a GPU by its id and by the names clouds and Kubernetes labels give it", () => {
    const names: Readonly<Record<string, string>> = {
      h100: "h100",
      H100: "h100",
      "NVIDIA H100 80 GB": "h100",
      "NVIDIA-H100-80GB-HBM3": "h100",
      "nvidia-h100-mega-80gb": "h100",
      "nvidia-tesla-t4": "t4",
      "Tesla-T4": "t4",
      "nvidia-tesla-a100": "a100-40gb",
      "NVIDIA-A100-SXM4-80GB": "a100-80gb",
      "nvidia-l4": "l4",
      "NVIDIA-GH200-480GB": "gh200",
      cpu: "cpu",
    };
    for (const [name, id] of Object.entries(names)) assert.equal(findAccelerator(name)?.id, id, name);
  });

  it("says which A100 there are instead of guessing one", () => {
    assert.throws(() => getAccelerator("A100"), /There are a100-40gb and a100-80gb\./);
    assert.throws(() => getAccelerator("h1000"), /Did you mean "h100"\? Use one of t4, /);
  });

  it("has simulated GPUs that state which GPU they stand for", () => {
    const simulated = getAccelerator("simulated-a100-40gb");
    assert.equal(simulated.kind, "simulated");
    assert.equal(simulated.standsFor, "a100-40gb");
    assert.equal(simulated.memoryGiB, getAccelerator("a100-40gb").memoryGiB);
    assert.equal(findAccelerator("simulated")?.standsFor, "h100");
    assert.equal(findAccelerator("simulated-cpu"), undefined);
    assert.equal(findAccelerator("simulated-b9000"), undefined);
  });

  it("names every device once", () => {
    const names = accelerators.flatMap((row) => [row.id, ...row.aliases]);
    assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
    assert.equal(acceleratorIds.length, accelerators.length);
  });

  it("gives every GPU a source, a price and a memory the driver's share below the vendor's", () => {
    for (const row of accelerators.filter(({ kind }) => kind === "gpu")) {
      assert.ok(row.source !== "" && /^\d{4}-\d{2}/.test(row.date), row.id);
      assert.ok(row.price !== undefined && row.price.usdPerGpuHour > 0, row.id);
      const share = (row.memoryGiB * 1.073741824) / row.vendorMemoryGB;
      assert.ok(share > 0.9 && share < 1.08, `${row.id}: ${share.toFixed(3)} of what is sold`);
    }
  });

  it("derives formats, batch class and support from generation and size", () => {
    for (const row of accelerators.filter(({ kind }) => kind === "gpu")) {
      assert.equal(row.bf16, row.computeCapability >= 8, `${row.id}: bfloat16`);
      assert.equal(row.fp8 === "native", row.computeCapability >= 8.9, `${row.id}: fp8`);
      assert.equal(row.fp4 === "native", row.computeCapability >= 10, `${row.id}: fp4`);
      assert.equal(row.support === "refused", row.computeCapability < 7.5, `${row.id}: support`);
      const large = row.memoryGiB >= 70 && !row.id.startsWith("a100");
      assert.equal(row.batchClass, row.memoryGiB >= 160 ? "huge" : large ? "large" : "small", row.id);
    }
  });

  it("knows that GH200 comes with arm64 hosts, and nothing else does", () => {
    assert.deepEqual(
      accelerators.filter((row) => row.hostArchitecture === "arm64").map((row) => row.id),
      ["gh200"],
    );
  });
});
