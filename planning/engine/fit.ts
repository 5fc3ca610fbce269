import { getAccelerator, findAccelerator } from "../../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import { findModel, suggestModels } from "../../catalog/models.ts";
import type { Environment, Model } from "../../environments/schema/environment.ts";
import { usesCache } from "../cache/use.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "../findings.ts";
import { checkFit, type FitProblem, type FitReport } from "../fit.ts";
import { readableGiB } from "../quantities.ts";
import type { PoolPlan } from "../types.ts";

/** What is known about a model's shape, and whether one engine of it fits. */
export interface EngineFit extends Findings {
  /** null: neither the catalog nor the environment knows the model. */
  readonly shape: ArchitectureDescription | null;
  /** null where there is no GPU to fit into, or the shape is not known. */
  readonly report: FitReport | null;
}

/** The model's shape: as the environment describes it, or as the catalog knows it. */
export function shapeOf(model: Model): ArchitectureDescription | null {
  const own = model.architecture;
  if (own === undefined) return findModel(model.model) ?? null;
  const sliding = own.slidingWindow === undefined ? 0 : Math.min(own.layers, own.slidingWindowLayers ?? own.layers);
  return {
    architecture: "described in the environment",
    layers: own.layers,
    hiddenSize: own.hiddenSize,
    attentionHeads: own.attentionHeads,
    keyValueHeads: own.kvHeads,
    headDimension: own.headDimension,
    vocabulary: own.vocabularySize,
    maxLength: own.maxLength,
    weightsBytes: own.weightsGiB * 2 ** 30,
    dtype: model.dtype === "float16" || model.dtype === "float32" ? model.dtype : "bfloat16",
    // The stated size is that of the files, so quantising them at load time is not counted on.
    ...(model.quantization === undefined ? {} : { quantization: model.quantization }),
    ...(sliding === 0 ? {} : { layerCounts: { full: own.layers - sliding, sliding, recurrent: 0 } }),
    ...(own.slidingWindow === undefined ? {} : { slidingWindow: own.slidingWindow }),
    ...(own.mla === undefined ? {} : { latentAttention: own.mla }),
    // Only whether there are experts decides the activation memory.
    ...(own.mixtureOfExperts ? { experts: { total: 2, active: 1 } } : {}),
  };
}

/** Whether one engine of the model fits into the GPUs of its pool, as problems and warnings of the environment. */
export function fitEngine(environment: Environment, model: Model, index: number, pool: PoolPlan | null): EngineFit {
  const shape = shapeOf(model);
  const accelerator = pool === null ? undefined : findAccelerator(pool.accelerator);
  if (shape === null) return { shape, report: null, ...unknownShape(model, index) };
  if (pool === null || accelerator === undefined) return { shape, report: null, ...NO_FINDINGS };
  const report = checkFit({
    model: { ...asCached(environment, model, shape), id: model.model },
    accelerator: getAccelerator(pool.accelerator),
    tensorParallel: model.tensorParallel,
    pipelineParallel: model.pipelineParallel,
    maxLength: model.maxModelLength ?? shape.maxLength,
    dtype: model.dtype,
    kvCacheDtype: model.kvCacheDtype,
    utilization: model.gpuMemoryUtilization,
    hypothetical: false,
    ...(model.quantization === undefined ? {} : { quantization: model.quantization }),
    ...(model.maxBatchedTokens === undefined ? {} : { maxBatchedTokens: model.maxBatchedTokens }),
  });
  return {
    shape,
    report,
    ...mergeFindings(checkHybrid(environment, model, index, shape), verdict(model, report, index, pool)),
  };
}

/** With LMCache in the engine, layers with a sliding window keep every token: vLLM's manager for mixed layers is off. */
function asCached(environment: Environment, model: Model, shape: ArchitectureDescription): ArchitectureDescription {
  const counts = shape.layerCounts;
  if (counts === undefined || !usesCache(environment, model)) return shape;
  return { ...shape, layerCounts: { ...counts, full: counts.full + counts.sliding, sliding: 0 } };
}

/** Whether some of the model's layers keep less than every token. */
export function hasMixedLayers(shape: ArchitectureDescription | null): boolean {
  return shape?.layerCounts !== undefined && shape.layerCounts.full < shape.layers;
}

function checkHybrid(environment: Environment, model: Model, index: number, shape: ArchitectureDescription): Findings {
  if (!usesCache(environment, model) || (shape.layerCounts?.recurrent ?? 0) === 0) return NO_FINDINGS;
  return refused(
    `models[${index}].cache`,
    "lmcache",
    `can't hold the recurrent layers of ${model.model}: vLLM turns its manager for mixed layers off for LMCache and then refuses to start`,
    "Set it to { kind: none }.",
  );
}

function unknownShape(model: Model, index: number): Findings {
  // A simulated engine has no memory to fit into, and a CPU engine says in its resources what it may use.
  if (model.runtime !== "cuda") return NO_FINDINGS;
  const meant = suggestModels(model.model);
  return refused(
    `models[${index}].model`,
    model.model,
    "is not in the catalog, so nobody knows whether it fits",
    `${meant.length === 0 ? "Describe" : `Did you mean ${meant.join(" or ")}? Else describe`} its config.json in models[${index}].architecture.`,
  );
}

/** Settings of an environment, by the fit's own names for them. */
const FIELDS: Readonly<Record<string, string>> = {
  utilization: "gpuMemoryUtilization",
  maxLength: "maxModelLength",
  accelerator: "pool",
  memoryGiB: "pool",
};

/** The setting of a model that a problem of its fit is about. */
export function settingOf(field: string): string {
  return FIELDS[field] ?? field;
}

function verdict(model: Model, report: FitReport, index: number, pool: PoolPlan): Findings {
  const path = (field: string): string => `models[${index}].${settingOf(field)}`;
  // What pools.ts says about a GPU is said once, at the pool.
  const about = report.problems.filter((problem) => problem.field !== "accelerator");
  const errors = about.filter((problem) => problem.severity === "error");
  const findings = mergeFindings(...about.map((problem) => ofFit(path(problem.field), problem)));
  if (report.figures === undefined || errors.length > 0) return findings;
  if (report.verdict === "tight") return mergeFindings(findings, tight(model, report, index));
  if (report.verdict === "fits") return findings;
  if (report.request.accelerator.support === "refused") return findings;
  const { shortfallGiB, weightsGiB, kvCacheGiB } = report.figures;
  const has =
    kvCacheGiB > 0 ? `${readableGiB(kvCacheGiB)} are left for the KV cache` : "nothing is left for the KV cache";
  return mergeFindings(
    findings,
    refused(
      `models[${index}].model`,
      report.request.name,
      `does not fit: beside ${readableGiB(weightsGiB)} of weights, ${has} on each ${report.request.accelerator.name} of pool ${pool.name}; one request of ${report.request.maxLength} tokens lacks ${readableGiB(shortfallGiB)} per GPU`,
      report.change === undefined ? "Use a smaller model." : `The cheapest change: ${report.change.text}.`,
    ),
  );
}

/** A tight fit starts and serves few at once; a simulated engine has no memory that could be tight. */
function tight(model: Model, report: FitReport, index: number): Findings {
  if (model.runtime !== "cuda" || report.figures === undefined) return NO_FINDINGS;
  const requests = Math.round(report.figures.concurrency * 10) / 10;
  const change = report.change === undefined ? "" : ` More room: ${report.change.text}.`;
  return warned(
    `models[${index}].model`,
    `${model.model} fits tightly: ${requests} requests of ${report.request.maxLength} tokens at once per engine.${change}`,
  );
}

function ofFit(path: string, problem: FitProblem): Findings {
  const rule = problem.rule.replace(/\.$/, "");
  return problem.severity === "error"
    ? refused(path, problem.value, rule, problem.remedy)
    : warned(path, `${problem.value}: ${rule}. ${problem.remedy}`);
}
