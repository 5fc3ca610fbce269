import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { accelerators, findAccelerator, getAccelerator } from "../catalog/accelerators.ts";
import type { Accelerator } from "../catalog/accelerators.ts";
import type { ArchitectureDescription } from "../catalog/architecture.ts";
import { ConfigError, fromHuggingFaceConfig } from "../catalog/huggingface.ts";
import { findModel, models, suggestModels } from "../catalog/models.ts";
import { checkFit, DEFAULT_UTILIZATION } from "../planning/fit.ts";
import type { FitReport, FitRequest } from "../planning/fit.ts";
import { GIB } from "../planning/fit/memory.ts";
import { EXIT, UserError } from "./cli.ts";
import { showOne, showTable, toJson } from "./fit-output.ts";

const HELP = `Does this model fit on this GPU?

  npm run fit -- <model> [options]

  <model>                  id on the Hugging Face hub, or any name together with --config
  --gpu NAME               one GPU (${accelerators.find((row) => row.kind === "gpu")?.id ?? ""}, h100, a100-80gb, …); without it every GPU of the catalog
  --count N                GPUs of one replica; default: as many as --tensor-parallel says, else 1
  --tensor-parallel N      default: --count
  --max-length L           longest request in tokens, 8192 or 8k; default: what the model was made for
  --quantization Q         as in vLLM's --quantization: fp8, awq, mxfp4, …
  --kv-cache-dtype T       as in vLLM's --kv-cache-dtype; default auto
  --utilization U          share of the GPU's memory the engine takes; default ${DEFAULT_UTILIZATION}
  --config FILE            config.json of a model the catalog does not have
  --weights-gib N          size of its safetensors; a config.json does not tell it
  --parameters N           or its parameters: 8.03B, 500M
  --json                   an array of objects instead of a table; memory is per GPU
  --help

  With --gpu the exit code is 1 when the model does not fit. A table ends with 0. A question that makes no sense ends with 2.
`;

/** What the command prints on its standard output, and its exit code. */
export interface FitAnswer {
  readonly output: string;
  readonly exitCode: number;
}

/**
 * The command with its arguments, without the program's name.
 * @throws {UserError} for a question that makes no sense
 */
export function fitCommand(args: readonly string[]): FitAnswer {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      gpu: { type: "string" },
      count: { type: "string" },
      "tensor-parallel": { type: "string" },
      "max-length": { type: "string" },
      quantization: { type: "string" },
      "kv-cache-dtype": { type: "string" },
      utilization: { type: "string" },
      config: { type: "string" },
      "weights-gib": { type: "string" },
      parameters: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return { output: HELP, exitCode: EXIT.ok };
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UserError(`model: missing – name a model of the hub.\n\n${HELP}`);
  if (rest.length > 0)
    throw new UserError(`${rest.join(" ")} – only one model can be asked for. Quote names with blanks.`);

  const count = optional(values.count, (text) => whole("--count", text));
  const tensorParallel = optional(values["tensor-parallel"], (text) => whole("--tensor-parallel", text)) ?? count ?? 1;
  if (count !== undefined && count % tensorParallel !== 0) {
    throw new UserError(
      `--tensor-parallel: ${tensorParallel} – does not divide --count ${count}. The rest of the GPUs are used by pipeline parallelism, so use a divisor of ${count}.`,
    );
  }
  const model = readModel(name, values);
  const request: Omit<FitRequest, "accelerator"> = {
    model,
    tensorParallel,
    pipelineParallel: (count ?? tensorParallel) / tensorParallel,
    utilization: optional(values.utilization, (text) => positive("--utilization", text)) ?? DEFAULT_UTILIZATION,
    maxLength: optional(values["max-length"], (text) => length("--max-length", text)) ?? model.maxLength,
    ...(values.quantization !== undefined && { quantization: values.quantization }),
    ...(values["kv-cache-dtype"] !== undefined && { kvCacheDtype: values["kv-cache-dtype"] }),
  };
  const reports = devices(values.gpu).map((accelerator) => checkFit({ ...request, accelerator }));
  refuseNonsense(reports);
  const people = values.gpu === undefined ? showTable(reports) : reports.map(showOne).join("\n");
  const output = values.json === true ? `${JSON.stringify(reports.map(toJson), null, 2)}\n` : people;
  const refused = values.gpu !== undefined && reports.some((report) => report.verdict === "doesNotFit");
  return { output, exitCode: refused ? EXIT.no : EXIT.ok };
}

function devices(gpu: string | undefined): readonly Accelerator[] {
  if (gpu === undefined) return accelerators.filter((row) => row.kind === "gpu");
  const found = findAccelerator(gpu);
  if (found?.kind === "cpu") throw new UserError("--gpu: cpu – has no memory of its own. Name a GPU.");
  try {
    return [found ?? getAccelerator(gpu)];
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}

/** A wrong value is an error for the person; what one GPU cannot do is part of the answer. */
function refuseNonsense(reports: readonly FitReport[]): void {
  const own = new Set(["utilization", "tensorParallel", "pipelineParallel", "maxLength"]);
  const problems = (reports[0]?.problems ?? []).filter((problem) => problem.severity === "error");
  const mistakes = problems.filter(({ field, rule }) => own.has(field) || /not a known|no longer|not known/.test(rule));
  if (mistakes.length === 0) return;
  throw new UserError(
    mistakes
      .map(({ field, value, rule, remedy }) => `${field}: ${value} – ${rule.replace(/\.$/, "")}. ${remedy}`)
      .join("\n"),
  );
}

function readModel(
  name: string,
  options: { readonly config?: string; readonly "weights-gib"?: string; readonly parameters?: string },
): FitRequest["model"] {
  const weights = optional(options["weights-gib"], (text) => positive("--weights-gib", text) * GIB);
  const parameters = optional(options.parameters, (text) => parameterCount("--parameters", text));
  if (options.config !== undefined) return { ...readConfig(options.config, weights, parameters), id: name };
  const model = findModel(name);
  if (model === undefined) {
    const near = suggestModels(name);
    const hint = near.length > 0 ? ` Did you mean ${near.join(" or ")}?` : "";
    throw new UserError(
      `model: ${name} – not one of the ${models.length} models in the catalog.${hint} Else give its config.json: --config FILE --weights-gib N.`,
    );
  }
  return weights === undefined ? model : { ...model, weightsBytes: weights };
}

function readConfig(
  file: string,
  weights: number | undefined,
  parameters: number | undefined,
): ArchitectureDescription {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UserError(
      `--config: ${file} – ${error instanceof Error ? error.message : String(error)}. Give a readable config.json.`,
    );
  }
  try {
    const { architecture, checkpoint } = fromHuggingFaceConfig(json);
    const weightsBytes = weights ?? (parameters === undefined ? undefined : storedBytes(parameters, checkpoint));
    if (weightsBytes === undefined) {
      throw new UserError(
        `--config: ${file} – does not tell how large the weights are. Add --weights-gib N or --parameters N.`,
      );
    }
    return { ...architecture, ...checkpoint, weightsBytes, ...(parameters !== undefined && { parameters }) };
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

function storedBytes(
  parameters: number,
  checkpoint: { readonly dtype: string; readonly quantization?: string },
): number {
  if (checkpoint.quantization !== undefined) {
    throw new UserError(
      `--parameters: ${parameters} – the checkpoint is stored as ${checkpoint.quantization}, so its size does not follow. Use --weights-gib N.`,
    );
  }
  return parameters * (checkpoint.dtype === "float32" ? 4 : 2);
}

function optional<T>(text: string | undefined, parse: (text: string) => T): T | undefined {
  return text === undefined ? undefined : parse(text);
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value <= 0) {
    throw new UserError(`${option}: ${text} – not a number above 0.`);
  }
  return value;
}

function whole(option: string, text: string): number {
  const value = positive(option, text);
  if (!Number.isSafeInteger(value)) throw new UserError(`${option}: ${text} – not a whole number.`);
  return value;
}

/** Tokens as vLLM reads them: `k` is a thousand, `K` is 1,024. */
function length(option: string, text: string): number {
  const match = /^([\d.]+)([kKmM]?)$/.exec(text);
  const factors: Readonly<Record<string, number>> = { k: 1e3, K: 1024, m: 1e6, M: 1024 ** 2 };
  return whole(option, match === null ? text : String(Number(match[1]) * (factors[match[2] ?? ""] ?? 1)));
}

function parameterCount(option: string, text: string): number {
  const match = /^([\d.]+)([MBT])$/i.exec(text);
  const factors: Readonly<Record<string, number>> = { m: 1e6, b: 1e9, t: 1e12 };
  return positive(
    option,
    match === null ? text : String(Number(match[1]) * (factors[(match[2] ?? "").toLowerCase()] ?? 1)),
  );
}
