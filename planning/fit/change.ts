import { accelerators } from "../../catalog/accelerators.ts";
import type { Accelerator } from "../../catalog/accelerators.ts";
import { isFloat32 } from "./memory.ts";
import { validTensorParallel } from "./rules.ts";
import type { FitReport, FitRequest, Verdict } from "../fit.ts";

/** A change that makes a model fit, or fit comfortably. */
export interface FitChange {
  readonly kind: "maxLength" | "kvCacheDtype" | "quantization" | "hardware";
  /** The change in words, as an instruction. */
  readonly text: string;
  /** What to set. */
  readonly set: Omit<Partial<FitRequest>, "model">;
  /** The verdict after the change. */
  readonly verdict: Verdict;
}

type Assess = (request: FitRequest) => FitReport;

/** Shorter contexts are no answer to anybody's question. */
const SHORTEST_LENGTH = 4096;

/** Lengths are proposed in whole multiples of this. */
const LENGTH_STEP = 1024;

/** GPUs a replica may have within one node. */
const NODE_SIZES = [1, 2, 4, 8] as const;

const RANK: Readonly<Record<Verdict, number>> = { doesNotFit: 0, tight: 1, fits: 2 };

/**
 * The cheapest change that improves the verdict, verified by assessing it: first what costs nothing (a shorter context, an
 * FP8 cache, FP8 weights), then more of the same GPU, then other GPUs by price per hour.
 */
export function cheapestChange(report: FitReport, assess: Assess): FitChange | undefined {
  const improves = (verdict: Verdict): boolean => RANK[verdict] > RANK[report.verdict];
  if (report.figures !== undefined && report.request.accelerator.support !== "refused") {
    for (const propose of [shorterLength, smallerCache, smallerWeights]) {
      const change = propose(report, assess);
      if (change !== undefined && improves(change.verdict)) return change;
    }
  }
  return otherHardware(report, assess, improves);
}

/** The longest length that no longer fails; for a tight fit the longest that fits comfortably. */
function shorterLength(report: FitReport, assess: Assess): FitChange | undefined {
  const wanted: Verdict = report.verdict === "doesNotFit" ? "tight" : "fits";
  const verdictAt = (maxLength: number): Verdict => assess({ ...report.request, maxLength }).verdict;
  const good = (maxLength: number): boolean => RANK[verdictAt(maxLength)] >= RANK[wanted];
  let low = Math.ceil(SHORTEST_LENGTH / LENGTH_STEP);
  let high = Math.floor((report.request.maxLength - 1) / LENGTH_STEP);
  if (high < low || !good(low * LENGTH_STEP)) return undefined;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (good(middle * LENGTH_STEP)) low = middle;
    else high = middle - 1;
  }
  const maxLength = low * LENGTH_STEP;
  return { kind: "maxLength", text: `max length ${maxLength}`, set: { maxLength }, verdict: verdictAt(maxLength) };
}

function smallerCache(report: FitReport, assess: Assess): FitChange | undefined {
  const { accelerator, kvCacheDtype } = report.request;
  if (accelerator.fp8 !== "native" || kvCacheDtype !== "auto") return undefined;
  const set = { kvCacheDtype: "fp8" };
  return { kind: "kvCacheDtype", text: "KV cache in fp8", set, verdict: assess({ ...report.request, ...set }).verdict };
}

function smallerWeights(report: FitReport, assess: Assess): FitChange | undefined {
  const { accelerator, quantization, model, dtype } = report.request;
  // vLLM's FP8 kernels compute in 16 bits only.
  if (isFloat32(dtype)) return undefined;
  if (accelerator.fp8 !== "native" || quantization !== undefined || model.quantization !== undefined) return undefined;
  const set = { quantization: "fp8" };
  return { kind: "quantization", text: "weights in fp8", set, verdict: assess({ ...report.request, ...set }).verdict };
}

interface Hardware {
  readonly accelerator: Accelerator;
  readonly count: number;
  readonly usdPerHour: number;
}

function otherHardware(
  report: FitReport,
  assess: Assess,
  improves: (verdict: Verdict) => boolean,
): FitChange | undefined {
  const { request } = report;
  const here = realId(request.accelerator);
  const current = request.tensorParallel * request.pipelineParallel;
  for (const { accelerator, count } of byPrice(request.model, request.accelerator)) {
    const same = accelerator.id === here;
    if (same && count <= current) continue;
    const set = {
      accelerator: same ? request.accelerator : accelerator,
      tensorParallel: count,
      pipelineParallel: 1,
      memoryGiB: accelerator.memoryGiB,
    };
    const { verdict } = assess({ ...request, ...set });
    if (!improves(verdict)) continue;
    const text = same ? `tensor parallelism ${count}` : `${count} × ${accelerator.id}`;
    return { kind: "hardware", text, set, verdict };
  }
  return undefined;
}

/** Supported GPUs on hosts of the same architecture in valid numbers: those at hand first, then the cheapest. */
function byPrice(model: FitRequest["model"], current: Accelerator): readonly Hardware[] {
  const sizes = validTensorParallel(model, Math.max(...NODE_SIZES));
  const counts = NODE_SIZES.filter((size) => sizes.includes(size));
  const candidates: Hardware[] = [];
  for (const accelerator of accelerators) {
    const usable = accelerator.support === "supported" && accelerator.hostArchitecture === current.hostArchitecture;
    if (!usable || accelerator.price === undefined) continue;
    for (const count of counts) {
      candidates.push({ accelerator, count, usdPerHour: accelerator.price.usdPerGpuHour * count });
    }
  }
  const other = (candidate: Hardware): number => (candidate.accelerator.id === realId(current) ? 0 : 1);
  return candidates.sort((a, b) => other(a) - other(b) || a.usdPerHour - b.usdPerHour || a.count - b.count);
}

function realId(accelerator: Accelerator): string {
  return accelerator.standsFor ?? accelerator.id;
}
