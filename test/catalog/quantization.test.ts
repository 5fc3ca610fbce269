import assert from "node:assert/strict";
import { getAccelerator } from "../../catalog/accelerators.ts";
import { findModel } from "../../catalog/models.ts";
import { findQuantization, quantizationOn, quantizedBytes } from "../../catalog/quantization.ts";
import type { Quantization } from "../../catalog/quantization.ts";

function method(name: string): Quantization {
  const found = findQuantization(name);
  assert.ok(found !== undefined && found !== "gone", name);
  return found;
}

describe("catalog: quantisation", () => {
  it("knows methods by vLLM's names, by aliases and in any case", () => {
    assert.equal(method("FP8").name, "fp8");
    assert.equal(method("awq_marlin").name, "awq");
    assert.equal(method("int4").name, "awq");
    assert.equal(method("nvfp4").name, "modelopt_fp4");
    assert.equal(findQuantization("gguf"), "gone");
    assert.equal(findQuantization("fp7"), undefined);
  });

  it("leaves embeddings at 16 bits: Llama-70B in fp8 is 72.7 GB and not 70.6", () => {
    const llama = findModel("meta-llama/Llama-3.3-70B-Instruct");
    assert.ok(llama !== undefined);
    assert.equal(((quantizedBytes(llama, method("fp8")) ?? 0) / 1e9).toFixed(1), "72.7");
    const awq = quantizedBytes(llama, method("awq")) ?? 0;
    assert.ok(awq > 39e9 && awq < 42e9, "published AWQ checkpoints of it have about 40 GB");
    assert.equal(quantizedBytes(llama, method("compressed-tensors")), undefined, "that name is not a size");
  });

  it("counts a shared embedding once", () => {
    const small = findModel("meta-llama/Llama-3.2-1B-Instruct");
    assert.ok(small?.tiedEmbeddings === true);
    const embeddings = 128_256 * 2048;
    const expected = (small.weightsBytes / 2 - embeddings) * 1.0007 + embeddings * 2;
    assert.ok(Math.abs((quantizedBytes(small, method("fp8")) ?? 0) - expected) < 1);
  });

  it("says what each GPU makes of it", () => {
    const on = (name: string, gpu: string): string => {
      const { refused, note } = quantizationOn(method(name), getAccelerator(gpu));
      return refused !== undefined ? "refused" : note !== undefined ? "weights only" : "yes";
    };
    assert.deepEqual(
      ["t4", "a100-80gb", "l4", "h100", "b200"].map((gpu) => on("fp8", gpu)),
      ["refused", "weights only", "yes", "yes", "yes"],
    );
    assert.deepEqual(
      ["a100-80gb", "h100", "b200", "rtx-pro-6000"].map((gpu) => on("nvfp4", gpu)),
      ["refused", "refused", "yes", "yes"],
    );
    assert.deepEqual(
      ["v100-32gb", "t4", "h100"].map((gpu) => on("awq", gpu)),
      ["refused", "yes", "yes"],
    );
  });
});
