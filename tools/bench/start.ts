import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { EXIT, UserError } from "../cli.ts";
import { table } from "../terminal.ts";
import { spread, type Spread } from "./statistics.ts";

const Report = z.object({ times: z.array(z.object({ step: z.string(), seconds: z.number() })) });

/** A command of a round and what it took, as a whole and by step. */
interface Sample {
  readonly command: string;
  readonly seconds: number;
  readonly steps: Readonly<Record<string, number>>;
}

/** The time of a step, or of a whole command, over all rounds. */
export interface StartFigure {
  readonly command: string;
  /** null: the command as a whole, with the start of its process. */
  readonly step: string | null;
  readonly seconds: Spread;
}

/**
 * Starts the local environment, starts it again, and stops it, so many times; with a state folder of its own and free
 * ports, beside whatever runs. What is not in the cache is built in an uncounted round before.
 */
export async function measureStart(runs: number): Promise<readonly StartFigure[]> {
  const state = mkdtempSync(join(tmpdir(), "vllm-stack-bench-"));
  const samples: Sample[] = [];
  const ports = ["--port", "0", "--prometheus-port", "0"];
  // Ctrl-C reaches the command that runs as well, which ends; what it leaves is removed below.
  const wait = () => undefined;
  process.on("SIGINT", wait);
  try {
    for (let round = 0; round <= runs; round++) {
      for (const [command, script, args] of [
        ["npm start", "start.ts", ports],
        ["npm start, again", "start.ts", ports],
        ["npm stop", "stop.ts", []],
      ] as const) {
        const sample = await measure(command, script, args, state);
        if (round > 0) samples.push(sample);
        process.stderr.write(`round ${round} of ${runs}: ${command} ${sample.seconds.toFixed(1)} s\n`);
      }
    }
  } catch (error) {
    await measure("npm stop", "stop.ts", [], state);
    throw error;
  } finally {
    process.off("SIGINT", wait);
    rmSync(state, { recursive: true, force: true });
  }
  return figuresOf(samples);
}

async function measure(command: string, script: string, args: readonly string[], state: string): Promise<Sample> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(import.meta.dirname, "..", script), ...args, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, VLLM_STACK_STATE: state },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const [status] = (await once(child, "close")) as [number | null];
  if (status !== 0) {
    throw new UserError(`${command} ended with ${status ?? "a signal"}:\n${output.stderr}`, { exitCode: EXIT.no });
  }
  const seconds = (performance.now() - started) / 1000;
  const { times } = Report.parse(JSON.parse(output.stdout));
  return { command, seconds, steps: Object.fromEntries(times.map(({ step, seconds: took }) => [step, took])) };
}

/** Steps in the order of the first round, the whole below them; a step that not every round has is left out. */
export function figuresOf(samples: readonly Sample[]): StartFigure[] {
  return [...Map.groupBy(samples, ({ command }) => command)].flatMap(([command, rounds]) => {
    const steps = Object.keys(rounds[0]?.steps ?? {}).flatMap((step): StartFigure[] => {
      const seconds = rounds.flatMap((round) => round.steps[step] ?? []);
      return seconds.length === rounds.length ? [{ command, step, seconds: spread(seconds) }] : [];
    });
    return [...steps, { command, step: null, seconds: spread(rounds.map(({ seconds }) => seconds)) }];
  });
}

/** The figures as a table for people. */
export function renderStart(figures: readonly StartFigure[], runs: number): string {
  const rows = figures.map(({ command, step, seconds }) => [
    step === null ? command : `  ${step}`,
    seconds.median.toFixed(1),
    `${seconds.min.toFixed(1)}–${seconds.max.toFixed(1)}`,
  ]);
  const columns = [{ title: "step" }, { title: "median (s)", align: "right" as const }, { title: "range (s)" }];
  return `${table(rows, columns)}\n\n${runs} rounds after one that isn't counted. Some steps run side by side.`;
}
