import type { Accelerator } from "../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../catalog/architecture.ts";
import { findQuantization, quantizedBytes } from "../catalog/quantization.ts";
import { cheapestChange } from "./fit/change.ts";
import type { FitChange } from "./fit/change.ts";
import {
  GIB,
  activation,
  kvBytes,
  kvElementBytes,
  loadedBytes,
  nonTorchGiB,
  sequenceBytes,
  weightsGiB,
} from "./fit/memory.ts";
import { fitProblems } from "./fit/rules.ts";

/** `--gpu-memory-utilization` of vLLM since mid-2026; it was 0.90 before, so that the program always passes it. */
export const DEFAULT_UTILIZATION = 0.92;

/** Below this many full-length requests at once a deployment is called tight. */
const COMFORTABLE_REQUESTS = 4;

/** A smaller KV cache serves nobody, unless the model is so small that it holds several full requests. */
const SMALLEST_USEFUL_KV_GIB = 2;

/** Memory that profiling may find taken: a deployment that needs it is called tight. */
const UTILIZATION_MARGIN = 0.05;

/** The question: does one replica of this model fit? */
export interface FitRequest {
  /** A row of the catalog, or a description of a model that it lacks. */
  readonly model: ArchitectureDescription & { readonly id?: string };
  readonly accelerator: Accelerator;
  /** Memory of one device in GiB where it is not the whole GPU's: a MIG slice, the container of a CPU engine. */
  readonly memoryGiB?: number;
  /** @default 1 */
  readonly tensorParallel?: number;
  /** @default 1 */
  readonly pipelineParallel?: number;
  /** Tokens of the longest request, `--max-model-len`. @default what the model was made for, as in vLLM */
  readonly maxLength?: number;
  /** As in `--quantization`; @default as the checkpoint is stored */
  readonly quantization?: string;
  /** As in `--dtype`. @default auto */
  readonly dtype?: string;
  /** As in `--kv-cache-dtype`. @default auto */
  readonly kvCacheDtype?: string;
  /** As in `--gpu-memory-utilization`. @default 0.92 */
  readonly utilization?: number;
  /** As in `--max-num-batched-tokens`. @default vLLM's choice for the GPU */
  readonly maxBatchedTokens?: number;
  /**
   * Whether weights may be counted in a form the checkpoint lacks and vLLM cannot make, with a warning: what another checkpoint
   * would need. @default true
   */
  readonly hypothetical?: boolean;
}

/** A request with its defaults filled in. */
export interface ResolvedRequest extends Required<Omit<FitRequest, "quantization" | "maxBatchedTokens">> {
  readonly name: string;
  readonly quantization?: string;
  readonly maxBatchedTokens?: number;
}

/** What is wrong (`error`) or doubtful (`warning`) about a request. */
export interface FitProblem {
  readonly severity: "error" | "warning";
  readonly field: string;
  readonly value: string | number;
  readonly rule: string;
  readonly remedy: string;
}

/** `tight` starts and serves, with fewer than four full-length requests at once or no margin in memory. */
export type Verdict = "fits" | "tight" | "doesNotFit";

/** One line of the arithmetic, per GPU. */
export interface FitRow {
  readonly label: string;
  readonly gib: number;
  readonly note?: string;
}

/** The figures of a request whose parallelism and formats are valid. */
export interface FitFigures {
  /** Weights per GPU. */
  readonly weightsGiB: number;
  /** Left for the KV cache per GPU; negative when weights and overhead alone are too much. */
  readonly kvCacheGiB: number;
  /** Tokens the replica's cache holds; 0 when nothing is left. */
  readonly kvTokens: number;
  /** Requests of the full length the cache holds at once. */
  readonly concurrency: number;
  /** What the KV cache lacks per GPU for one full-length request and a useful size; 0 when it lacks nothing. */
  readonly shortfallGiB: number;
  /** KV bytes a token takes on one GPU, in the layers whose cache grows. */
  readonly kvBytesPerToken: number;
  /** Weights of the replica in bytes, after quantising. */
  readonly weightsBytes: number;
}

/** The answer. */
export interface FitReport {
  readonly verdict: Verdict;
  /** Absent when the request itself is invalid. */
  readonly figures?: FitFigures;
  /** The arithmetic; empty when the request is invalid. */
  readonly rows: readonly FitRow[];
  readonly problems: readonly FitProblem[];
  /** What to change, checked by asking again; absent when the model fits or nothing helps. */
  readonly change?: FitChange;
  readonly request: ResolvedRequest;
}

/** An answer without its question: what plans and reports keep. */
export interface FitSummary extends Omit<FitReport, "request" | "change"> {
  readonly change?: Omit<FitChange, "set">;
}

/** The part of a report that stands for itself. */
export function summarizeFit({ verdict, figures, rows, problems, change }: FitReport): FitSummary {
  return {
    verdict,
    rows,
    problems,
    ...(figures !== undefined && { figures }),
    ...(change !== undefined && { change: { kind: change.kind, text: change.text, verdict: change.verdict } }),
  };
}

/**
 * Whether one replica fits, how much it can serve, and what to change if it cannot.
 *
 * As vLLM counts: memory × utilisation − weights − peak activation − memory outside PyTorch is the KV cache, and a start
 * fails when it does not hold one request of the full length. Source: vLLM `v1/worker/gpu_worker.py`, and the figures named
 * in `fit/memory.ts`. Pure and total: an invalid request is a report with problems, not an exception.
 */
export function checkFit(request: FitRequest): FitReport {
  const report = assessFit(request);
  const change = report.verdict === "fits" ? undefined : cheapestChange(report, assessFit);
  return change === undefined ? report : { ...report, change };
}

/** {@link checkFit} without looking for a change. */
export function assessFit(request: FitRequest): FitReport {
  const resolved = resolve(request);
  const problems = fitProblems(resolved);
  // A device without support still gets its figures, so that people see that memory is not the reason.
  const countable = problems.every((problem) => problem.severity === "warning" || problem.field === "accelerator");
  if (!countable) return { verdict: "doesNotFit", rows: [], problems, request: resolved };
  const { figures, rows } = count(resolved);
  const refused = problems.some((problem) => problem.severity === "error");
  const verdict = refused ? "doesNotFit" : judge(resolved, figures);
  return { verdict, figures, rows, problems, request: resolved };
}

function resolve(request: FitRequest): ResolvedRequest {
  return {
    ...request,
    name: request.model.id ?? request.model.architecture,
    memoryGiB: request.memoryGiB ?? request.accelerator.memoryGiB,
    tensorParallel: request.tensorParallel ?? 1,
    pipelineParallel: request.pipelineParallel ?? 1,
    maxLength: request.maxLength ?? request.model.maxLength,
    dtype: request.dtype ?? "auto",
    kvCacheDtype: request.kvCacheDtype ?? "auto",
    utilization: request.utilization ?? DEFAULT_UTILIZATION,
    hypothetical: request.hypothetical ?? true,
  };
}

function storedBytes(request: ResolvedRequest): number {
  const { model, quantization, dtype } = request;
  if (model.quantization !== undefined) return model.weightsBytes;
  if (quantization === undefined) return loadedBytes(model, dtype);
  const method = findQuantization(quantization);
  if (method === undefined || method === "gone") return model.weightsBytes;
  return quantizedBytes(model, method) ?? model.weightsBytes;
}

function count(request: ResolvedRequest): { readonly figures: FitFigures; readonly rows: readonly FitRow[] } {
  const { model, accelerator, utilization, maxLength, memoryGiB } = request;
  const parallelism = { tensor: request.tensorParallel, pipeline: request.pipelineParallel };
  const weightsBytes = storedBytes(request);
  const weights = weightsGiB(weightsBytes, parallelism);
  const peak = activation(model, accelerator, request.maxBatchedTokens);
  const nonTorch = nonTorchGiB(parallelism);
  const kvCacheGiB = memoryGiB * utilization - weights - peak.gib - nonTorch;
  const kv = kvBytes(model, parallelism, kvElementBytes(request.kvCacheDtype, request.dtype) ?? 2);
  const requestGiB = sequenceBytes(kv, maxLength) / GIB;
  const concurrency = Math.max(0, kvCacheGiB) / requestGiB;
  const kvTokens = kv.growing > 0 ? (Math.max(0, kvCacheGiB) * GIB) / kv.growing : concurrency * maxLength;
  const figures: FitFigures = {
    weightsGiB: weights,
    kvCacheGiB,
    kvTokens: Math.floor(kvTokens),
    concurrency,
    shortfallGiB: Math.max(0, neededGiB(requestGiB) - kvCacheGiB),
    kvBytesPerToken: kv.growing,
    weightsBytes,
  };
  const rows: FitRow[] = [
    { label: "memory of one device", gib: memoryGiB, note: accelerator.name },
    { label: `at utilisation ${utilization}`, gib: memoryGiB * utilization },
    {
      label: "weights",
      gib: -weights,
      note: `${(weightsBytes / 1e9).toFixed(1)} GB over ${parallelism.tensor * parallelism.pipeline}, 2 % replicated`,
    },
    { label: "peak activation", gib: -peak.gib, note: `${peak.family}, CUDA graphs included` },
    { label: "outside PyTorch", gib: -nonTorch },
    { label: "KV cache", gib: kvCacheGiB },
    {
      label: `one request of ${maxLength.toLocaleString("en-US")} tokens`,
      gib: requestGiB,
      note: `${(kv.growing / 1024).toFixed(1)} KiB per token`,
    },
  ];
  return { figures, rows };
}

/** KV cache a GPU needs at least: one full request, and a useful size or several requests. */
function neededGiB(requestGiB: number): number {
  return Math.max(requestGiB, Math.min(SMALLEST_USEFUL_KV_GIB, COMFORTABLE_REQUESTS * requestGiB));
}

function judge(request: ResolvedRequest, figures: FitFigures): Verdict {
  if (figures.shortfallGiB > 0) return "doesNotFit";
  if (figures.concurrency < COMFORTABLE_REQUESTS) return "tight";
  const margin = request.memoryGiB * UTILIZATION_MARGIN;
  return count({ ...request, memoryGiB: request.memoryGiB - margin / request.utilization }).figures.shortfallGiB > 0
    ? "tight"
    : "fits";
}
