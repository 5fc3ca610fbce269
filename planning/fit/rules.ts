import { didYouMean } from "../../catalog/suggest.ts";
import { findQuantization, quantizationNames, quantizationOn } from "../../catalog/quantization.ts";
import { kvCacheDtypes, kvElementBytes } from "./memory.ts";
import type { FitProblem, ResolvedRequest } from "../fit.ts";

/** Tensor parallelism the model's heads allow, up to `limit` GPUs. */
export function validTensorParallel(
  model: { readonly attentionHeads: number; readonly keyValueHeads: number; readonly latentAttention?: object },
  limit = 16,
): readonly number[] {
  const sizes = Array.from({ length: limit }, (_, index) => index + 1);
  return sizes.filter((size) => {
    if (model.attentionHeads % size !== 0) return false;
    if (model.latentAttention !== undefined) return true;
    return size <= model.keyValueHeads ? model.keyValueHeads % size === 0 : size % model.keyValueHeads === 0;
  });
}

type Check = (request: ResolvedRequest) => readonly FitProblem[];

const error = (field: string, value: string | number, rule: string, remedy: string): FitProblem => ({
  severity: "error",
  field,
  value,
  rule,
  remedy,
});

const warning = (field: string, value: string | number, rule: string, remedy: string): FitProblem => ({
  ...error(field, value, rule, remedy),
  severity: "warning",
});

const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;

const checkNumbers: Check = ({ utilization, tensorParallel, pipelineParallel, maxLength, memoryGiB, model }) => {
  const problems: FitProblem[] = [];
  if (!(utilization > 0 && utilization <= 1)) {
    problems.push(error("utilization", utilization, "must be above 0 and at most 1", "Use 0.92, vLLM's default."));
  }
  for (const [field, value] of Object.entries({ tensorParallel, pipelineParallel, maxLength })) {
    if (!isWhole(value)) problems.push(error(field, value, "must be a whole number from 1 on", "Use 1 or more."));
  }
  if (isWhole(maxLength) && maxLength > model.maxLength) {
    const longest = model.maxLength.toLocaleString("en-US");
    problems.push(
      error("maxLength", maxLength, `the model was made for ${longest} tokens`, `Use at most ${model.maxLength}.`),
    );
  }
  if (!(memoryGiB > 0)) {
    problems.push(
      error("memoryGiB", memoryGiB, "the device has no memory of its own", "State the memory the container gets."),
    );
  }
  return problems;
};

const checkHeads: Check = ({ model, tensorParallel, name }) => {
  if (!isWhole(tensorParallel) || validTensorParallel(model, tensorParallel).includes(tensorParallel)) return [];
  const rule =
    model.attentionHeads % tensorParallel === 0
      ? `${name} has ${model.keyValueHeads} KV heads, which ${tensorParallel} neither divides nor is a multiple of`
      : `${name} has ${model.attentionHeads} attention heads, which ${tensorParallel} does not divide`;
  return [error("tensorParallel", tensorParallel, rule, `Use ${validTensorParallel(model).join(", ")}.`)];
};

const checkDevice: Check = ({ accelerator, dtype, model }) => {
  const problems: FitProblem[] = [];
  if (accelerator.support === "refused") {
    problems.push(error("accelerator", accelerator.id, accelerator.note ?? "not served by vLLM", "Use a newer GPU."));
  } else if (accelerator.support === "limited") {
    problems.push(
      warning("accelerator", accelerator.id, accelerator.note ?? "limited support", "Prefer an L4 or newer."),
    );
  }
  if (!accelerator.bf16 && dtype === "bfloat16") {
    problems.push(error("dtype", dtype, `${accelerator.name} has no bfloat16`, "Use float16 or auto."));
  } else if (!accelerator.bf16 && dtype === "auto" && model.dtype === "bfloat16") {
    problems.push(
      warning(
        "dtype",
        dtype,
        `${accelerator.name} has no bfloat16, vLLM falls back to float16`,
        "Check the model's answers: large activations can overflow.",
      ),
    );
  }
  return problems;
};

/** Methods vLLM can apply to 16-bit weights while it loads them. */
const ONLINE = quantizationNames.filter((name) => {
  const method = findQuantization(name);
  return method !== undefined && method !== "gone" && method.online;
});

const checkQuantization: Check = ({ accelerator, model, quantization, hypothetical }) => {
  const stored = model.quantization;
  const wanted = quantization ?? stored;
  if (wanted === undefined) return [];
  const method = findQuantization(wanted);
  if (method === "gone") {
    return [
      error(
        "quantization",
        wanted,
        "current vLLM no longer has this method",
        `Use one of ${quantizationNames.join(", ")}.`,
      ),
    ];
  }
  if (method === undefined) {
    if (quantization === undefined) return [];
    return [
      error(
        "quantization",
        wanted,
        `not a known method.${didYouMean(wanted, quantizationNames)}`,
        `Use one of ${quantizationNames.join(", ")}.`,
      ),
    ];
  }
  const problems: FitProblem[] = [];
  const { refused, note } = quantizationOn(method, accelerator);
  if (refused !== undefined)
    problems.push(error("quantization", wanted, refused, "Use another GPU or another checkpoint."));
  if (note !== undefined) problems.push(warning("quantization", wanted, note, "Expect no gain in speed."));
  const storedMethod = stored === undefined ? undefined : findQuantization(stored);
  if (quantization !== undefined && stored !== undefined && storedMethod !== method) {
    problems.push(
      error(
        "quantization",
        wanted,
        `the checkpoint is stored as ${stored}`,
        `Leave it away, or use an unquantised checkpoint.`,
      ),
    );
  } else if (quantization !== undefined && stored === undefined && !method.online) {
    const problem = hypothetical ? warning : error;
    const remedy = `Use a checkpoint of the model in that form, or one of ${ONLINE.join(", ")}.`;
    problems.push(
      problem("quantization", wanted, "the checkpoint is not quantised, and vLLM cannot make it at load time", remedy),
    );
  }
  if (quantization !== undefined && stored === undefined && method.bytesPerParameter === undefined) {
    problems.push(
      error("quantization", wanted, "its size per parameter is not known", "State the weights' size instead."),
    );
  }
  return problems;
};

const checkKvCache: Check = ({ accelerator, kvCacheDtype }) => {
  if (kvElementBytes(kvCacheDtype) === undefined) {
    const hint = didYouMean(kvCacheDtype, kvCacheDtypes);
    return [
      error("kvCacheDtype", kvCacheDtype, `its size is not known.${hint}`, `Use one of ${kvCacheDtypes.join(", ")}.`),
    ];
  }
  if (kvCacheDtype === "nvfp4" && accelerator.fp4 !== "native") {
    return [error("kvCacheDtype", kvCacheDtype, `needs a Blackwell GPU, not ${accelerator.name}`, "Use fp8 or auto.")];
  }
  if (!kvCacheDtype.startsWith("fp8")) return [];
  if (accelerator.fp8 === "none") {
    return [error("kvCacheDtype", kvCacheDtype, `${accelerator.name} cannot handle FP8`, "Use auto.")];
  }
  if (accelerator.fp8 === "weightOnly") {
    const rule = `${accelerator.name} has no FP8 units: few attention back ends take such a cache`;
    return [warning("kvCacheDtype", kvCacheDtype, rule, "Prefer auto.")];
  }
  return [];
};

/** All that is wrong or doubtful about a request, before any memory is counted. */
export function fitProblems(request: ResolvedRequest): readonly FitProblem[] {
  return [checkNumbers, checkHeads, checkDevice, checkQuantization, checkKvCache].flatMap((check) => check(request));
}

/** One problem as a sentence: `field: value – rule. Remedy.` */
export function describeProblem(problem: FitProblem): string {
  return `${problem.field}: ${problem.value} – ${problem.rule.replace(/\.$/, "")}. ${problem.remedy}`;
}
