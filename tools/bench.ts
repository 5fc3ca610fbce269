/**
 * `npm run bench`: what a preview of the program costs against an empty program that imports the same SDKs, and how it
 * grows with the number of models. Runs are interleaved; figures are medians, and every ratio comes from one round.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseEnvironment } from "../environments/schema/load.ts";
import { plan } from "../planning/plan.ts";
import { terminalProgress } from "../rehearsal/progress.ts";
import { prepareTools } from "../rehearsal/toolchain/toolchain.ts";
import { benchKubeconfig, benchSettings } from "./bench/environment.ts";
import { ratios, spread, type Spread } from "./bench/statistics.ts";
import { runCommand, UserError } from "./cli.ts";
import { table } from "./terminal.ts";

const HELP = `npm run bench [-- OPTIONS]

Measures previews of the program against an empty program, and over the number of models.

  --start      measures npm start, a second one and npm stop instead, by step
  --runs N     rounds (default: 5); each round runs every case once
  --json       figures as JSON
`;

/** What is measured in every round, in this order. */
const CASES = {
  "empty program": ["--program", "empty"],
  "1 model": ["--models", "1"],
  "10 models": ["--models", "10"],
  "100 models": ["--models", "100"],
} as const;
type Case = keyof typeof CASES;

interface Sample {
  readonly seconds: number;
  readonly peakMiB: number;
}

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      start: { type: "boolean", default: false },
      runs: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new UserError(`--runs: ${values.runs} – must be 1 or more.`);
  if (values.start) {
    const { measureStart, renderStart } = await import("./bench/start.ts");
    const times = await measureStart(runs);
    console.log(values.json ? JSON.stringify(times, null, 2) : renderStart(times, runs));
    return 0;
  }
  const progress = terminalProgress();
  const { pulumiRoot } = await prepareTools(["pulumi"], { progress });
  const samples = await measure(pulumiRoot, runs);
  const planSeconds = Array.from({ length: runs }, () =>
    secondsOf(() => {
      planned(100);
    }),
  );
  const figures = figuresOf(samples, planSeconds);
  console.log(values.json ? JSON.stringify(figures, null, 2) : render(figures, runs));
  return 0;
});

async function measure(pulumiRoot: string, runs: number): Promise<Record<Case, Sample[]>> {
  const folder = mkdtempSync(join(tmpdir(), "vllm-stack-bench-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, benchKubeconfig());
  const samples: Record<Case, Sample[]> = { "empty program": [], "1 model": [], "10 models": [], "100 models": [] };
  try {
    // Round 0 warms the caches of the file system and of compiled code, and isn't counted.
    for (let round = 0; round <= runs; round++) {
      for (const [name, args] of Object.entries(CASES) as [Case, readonly string[]][]) {
        const sample = await preview(["--engine", pulumiRoot, "--kubeconfig", kubeconfig, ...args], folder);
        if (round > 0) samples[name].push(sample);
        process.stderr.write(`round ${round} of ${runs}: ${name} ${sample.seconds.toFixed(2)} s\n`);
      }
    }
    return samples;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function preview(args: readonly string[], folder: string): Promise<Sample> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, "bench/preview.ts"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, "compiled") },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) throw new UserError(`A preview failed (${status ?? "killed"}): see above.`, { exitCode: 1 });
  const { peakMiB } = JSON.parse(output) as { peakMiB: number };
  return { seconds: (performance.now() - started) / 1000, peakMiB };
}

function planned(models: number): void {
  plan("bench", parseEnvironment("bench", benchSettings(models)));
}

function secondsOf(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

interface Figure {
  readonly what: string;
  readonly measured: Spread;
  readonly unit: string;
  /** Against what, and the ratio round by round. */
  readonly against: string | null;
  readonly ratio: Spread | null;
  readonly target: number | null;
}

function figuresOf(samples: Record<Case, Sample[]>, planSeconds: readonly number[]): Figure[] {
  const seconds = (name: Case) => samples[name].map((sample) => sample.seconds);
  const memory = (name: Case) => samples[name].map((sample) => sample.peakMiB);
  const figure = (
    what: string,
    unit: string,
    values: readonly number[],
    against?: [string, readonly number[], number | null],
  ): Figure => ({
    what,
    unit,
    measured: spread(values),
    against: against?.[0] ?? null,
    ratio: against === undefined ? null : ratios(values, against[1]),
    target: against?.[2] ?? null,
  });
  const empty: Case = "empty program";
  return [
    figure("preview, empty program", "s", seconds(empty)),
    figure("preview, 1 model", "s", seconds("1 model"), ["empty program", seconds(empty), 1.5]),
    figure("preview, 10 models", "s", seconds("10 models"), ["1 model", seconds("1 model"), null]),
    figure("preview, 100 models", "s", seconds("100 models"), ["1 model", seconds("1 model"), 5]),
    figure("peak memory, empty program", "MiB", memory(empty)),
    figure("peak memory, 1 model", "MiB", memory("1 model"), ["empty program", memory(empty), 1.5]),
    figure("peak memory, 10 models", "MiB", memory("10 models"), ["1 model", memory("1 model"), null]),
    figure("peak memory, 100 models", "MiB", memory("100 models"), ["1 model", memory("1 model"), 5]),
    figure("plan, 100 models", "s", planSeconds, ["empty preview", seconds(empty), 0.1]),
  ];
}

function render(figures: readonly Figure[], runs: number): string {
  const number = (value: number, unit: string) => (unit === "MiB" ? value.toFixed(0) : value.toFixed(3));
  const rows = figures.map(({ what, unit, measured, against, ratio, target }) => [
    what,
    `${number(measured.median, unit)} ${unit}`,
    `${number(measured.min, unit)}–${number(measured.max, unit)}`,
    ratio === null ? "" : `${ratio.median.toFixed(2)}× ${against ?? ""}`,
    ratio === null ? "" : `${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}`,
    target === null ? "" : `≤ ${target}×`,
    ratio === null || target === null ? "" : ratio.median <= target ? "met" : "missed",
  ]);
  const columns = ["what", "median", "range", "ratio (median)", "range", "target", ""].map((title) => ({ title }));
  return `${table(rows, columns)}\n\n${runs} rounds after one warm-up; ratios are taken round by round.`;
}
