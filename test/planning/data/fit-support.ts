import assert from "node:assert/strict";
import { getAccelerator } from "../../../catalog/accelerators.ts";
import { findModel } from "../../../catalog/models.ts";
import type { Model } from "../../../catalog/models.ts";
import { checkFit } from "../../../planning/fit.ts";
import type { FitFigures, FitReport, FitRequest } from "../../../planning/fit.ts";
import { describeProblem } from "../../../planning/fit/rules.ts";

export const LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct";
export const LLAMA_70B = "meta-llama/Llama-3.3-70B-Instruct";

/** A model of the catalog. */
export function model(id: string): Model {
  const found = findModel(id);
  assert.ok(found !== undefined, `${id} is in the catalog`);
  return found;
}

/** The answer for a model of the catalog on a GPU of the catalog. */
export function fit(id: string, gpu: string, rest: Omit<FitRequest, "model" | "accelerator"> = {}): FitReport {
  return checkFit({ model: model(id), accelerator: getAccelerator(gpu), ...rest });
}

/** The figures of a valid request. */
export function figures(report: FitReport): FitFigures {
  assert.ok(report.figures !== undefined, report.problems.map(describeProblem).join("\n"));
  return report.figures;
}

/** Errors of an answer as sentences. */
export const errors = (report: FitReport): readonly string[] =>
  report.problems.filter((problem) => problem.severity === "error").map(describeProblem);
