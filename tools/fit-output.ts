import type { FitReport, Verdict } from "../planning/fit.ts";
import { describeProblem } from "../planning/fit/rules.ts";
import { color, table } from "./terminal.ts";
import type { Style } from "./terminal.ts";

/** One answer as the command's `--json` prints it: memory in GiB per GPU, null where the question was invalid. */
export interface FitJson {
  readonly gpu: string;
  readonly count: number;
  readonly tensorParallel: number;
  readonly maxLength: number;
  readonly verdict: Verdict;
  readonly weightsGiB: number | null;
  readonly kvCacheGiB: number | null;
  readonly kvTokens: number | null;
  readonly concurrency: number | null;
  readonly shortfallGiB: number | null;
  readonly change: string | null;
}

const WORDS: Readonly<Record<Verdict, string>> = { fits: "fits", tight: "tight", doesNotFit: "does not fit" };
const STYLES: Readonly<Record<Verdict, Style>> = { fits: "green", tight: "yellow", doesNotFit: "red" };

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
const count = (value: number): string => Math.round(value).toLocaleString("en-US");

/** A report as plain data with figures rounded to what the model of memory is good for. */
export function toJson(report: FitReport): FitJson {
  const { request, figures, change, verdict } = report;
  return {
    gpu: request.accelerator.id,
    count: request.tensorParallel * request.pipelineParallel,
    tensorParallel: request.tensorParallel,
    maxLength: request.maxLength,
    verdict,
    weightsGiB: figures === undefined ? null : round(figures.weightsGiB, 2),
    kvCacheGiB: figures === undefined ? null : round(figures.kvCacheGiB, 2),
    kvTokens: figures?.kvTokens ?? null,
    concurrency: figures === undefined ? null : round(figures.concurrency, 2),
    shortfallGiB: figures === undefined ? null : round(figures.shortfallGiB, 2),
    change: change?.text ?? null,
  };
}

/** All GPUs as a table: one row each, with the verdict and what to change. */
export function showTable(reports: readonly FitReport[]): string {
  const [first] = reports;
  if (first === undefined) return "";
  const rows = reports.map((report) => {
    const { request, figures } = report;
    const gpus = request.tensorParallel * request.pipelineParallel;
    return [
      `${gpus} × ${request.accelerator.id}`,
      request.memoryGiB.toFixed(1),
      figures?.weightsGiB.toFixed(1) ?? "–",
      figures?.kvCacheGiB.toFixed(1) ?? "–",
      figures === undefined ? "–" : count(figures.kvTokens),
      figures?.concurrency.toFixed(1) ?? "–",
      color(STYLES[report.verdict], refusal(report) === undefined ? WORDS[report.verdict] : "refused"),
      advice(report),
    ];
  });
  const columns = [
    { title: "GPUs" },
    { title: "GiB", align: "right" },
    { title: "weights", align: "right" },
    { title: "KV cache", align: "right" },
    { title: "tokens", align: "right" },
    { title: "requests", align: "right" },
    { title: "verdict" },
    { title: "what to change" },
  ] as const;
  return `${title(first)}\nGiB per GPU; requests of the full length at once.\n\n${table(rows, columns)}\n`;
}

/** One GPU with the arithmetic behind the verdict. */
export function showOne(report: FitReport): string {
  const { request, figures, verdict } = report;
  const gpus = request.tensorParallel * request.pipelineParallel;
  const lines = [`${title(report)}, ${gpus} × ${request.accelerator.name}`, ""];
  if (report.rows.length > 0) {
    const rows = report.rows.map((row) => [row.label, row.gib.toFixed(2), color("dim", row.note ?? "")]);
    lines.push(table(rows, [{ title: "per GPU" }, { title: "GiB", align: "right" }, { title: "" }]), "");
  }
  lines.push(color(STYLES[verdict], `${request.name} ${verdict === "tight" ? "is a tight fit" : WORDS[verdict]}.`));
  if (figures !== undefined && figures.kvCacheGiB > 0) {
    const requests = `${figures.concurrency.toFixed(1)} requests of ${count(request.maxLength)} tokens at once`;
    lines.push(`KV cache for ${count(figures.kvTokens)} tokens: ${requests}.`);
  }
  if (figures !== undefined && figures.shortfallGiB > 0) {
    lines.push(`Short of ${figures.shortfallGiB.toFixed(1)} GiB per GPU.`);
  }
  for (const problem of report.problems) {
    lines.push(color(problem.severity === "error" ? "red" : "yellow", describeProblem(problem)));
  }
  if (report.change !== undefined) {
    lines.push(`Cheapest change: ${report.change.text} (then it ${after(report.change.verdict)}).`);
  } else if (verdict === "doesNotFit") {
    lines.push("No single change within one node helps: use several nodes or a smaller model.");
  }
  return `${lines.join("\n")}\n`;
}

function title({ request }: FitReport): string {
  const quantization = request.quantization ?? request.model.quantization ?? request.model.dtype;
  return `${color("bold", request.name)}, ${quantization}, up to ${count(request.maxLength)} tokens`;
}

function advice(report: FitReport): string {
  const refused = refusal(report);
  if (refused !== undefined) return refused;
  const { change } = report;
  if (change === undefined) return report.verdict === "doesNotFit" ? "more than one node, or a smaller model" : "";
  return `${change.text} (${WORDS[change.verdict]})`;
}

/** The rule that forbids the request whatever the memory. */
function refusal(report: FitReport): string | undefined {
  return report.problems.find((problem) => problem.severity === "error")?.rule;
}

function after(verdict: Verdict): string {
  return verdict === "tight" ? "is tight" : WORDS[verdict];
}
