import { getAccelerator } from "../../../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../../../catalog/architecture.ts";
import { findModel } from "../../../catalog/models.ts";
import { findQuantization, quantizedBytes } from "../../../catalog/quantization.ts";
import { assessFit } from "../../../planning/fit.ts";
import { GIB } from "../../../planning/fit/memory.ts";
import type { Recipe } from "./recipes.ts";

/** vLLM's method for a recipe's word. */
const METHODS: Readonly<Record<Recipe["precision"], string | undefined>> = {
  bf16: undefined,
  fp8: "fp8",
  int8: "int8",
  mxfp8: "mxfp8",
  nvfp4: "nvfp4",
  fp4: "nvfp4",
  mxfp4: "mxfp4",
  int4: "awq",
};

/** Length the recipes' minima are compared at. */
const LENGTH = 8192;

/**
 * Attention of a model whose shape the catalog lacks: one request of 8,192 tokens takes 1 GiB. The KV cache a deployment
 * needs at least is 2 GiB for this and for nearly every other shape, so that the stand-in decides nothing.
 */
const STAND_IN = {
  layers: 32,
  hiddenSize: 4096,
  attentionHeads: 32,
  keyValueHeads: 8,
  headDimension: 128,
  vocabulary: 128_256,
  maxLength: LENGTH,
  dtype: "bfloat16",
} as const;

function describe(recipe: Recipe): ArchitectureDescription | undefined {
  const exact = findModel(recipe.model);
  if (exact !== undefined) return exact;
  if (recipe.parametersB === null) return undefined;
  const parameters = recipe.parametersB * 1e9;
  const base = recipe.base === undefined ? undefined : findModel(recipe.base);
  const shape = base ?? {
    ...STAND_IN,
    architecture: "unknown",
    ...(recipe.mixtureOfExperts && { experts: { total: 128, active: 8 } }),
  };
  const plain = { ...shape, dtype: "bfloat16", parameters, weightsBytes: 2 * parameters } as const;
  const method = METHODS[recipe.precision];
  const found = method === undefined ? undefined : findQuantization(method);
  if (found === undefined || found === "gone") return plain;
  return { ...plain, weightsBytes: quantizedBytes(plain, found) ?? plain.weightsBytes };
}

/**
 * Memory in GB one device would need so that our planner does not refuse the recipe's model at 8,192 tokens: the smallest
 * that passes, found by asking the planner. Nothing where the recipe does not state the checkpoint's size.
 */
export function neededMemory(recipe: Recipe): number | undefined {
  const model = describe(recipe);
  if (model === undefined) return undefined;
  const accelerator = { ...getAccelerator("a100-80gb"), fp8: "native", fp4: "native", computeCapability: 10 } as const;
  const passes = (memoryGiB: number): boolean =>
    assessFit({ model, accelerator, memoryGiB, maxLength: Math.min(LENGTH, model.maxLength) }).verdict !== "doesNotFit";
  let low = 0.5;
  let high = 8192;
  while (high - low > 0.01) {
    const middle = (low + high) / 2;
    if (passes(middle)) high = middle;
    else low = middle;
  }
  return (high * GIB) / 1e9;
}
