import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "../../..");

/** How a command ended. */
export interface Ended {
  /** Exit code; null if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

/** A command that runs. */
export interface Running {
  /** Resolves once the text was written to either stream; rejects if the command ends before. */
  says(text: string | RegExp): Promise<void>;
  /** What it has written to stdout so far. */
  readonly stdout: string;
  /** What Ctrl-C does in a terminal: SIGINT for the command and everything it has started. */
  interrupt(): void;
  /** What the kernel does to the command alone when memory runs out: no last words. */
  kill(): void;
  readonly ended: Promise<Ended>;
}

/**
 * Starts one of the commands as `npm run` does.
 *
 * @param script file below `tools/`
 * @param env laid over the environment; undefined takes a variable away
 */
export function start(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Running {
  const began = performance.now();
  const child: ChildProcess = spawn(process.execPath, [join(ROOT, "tools", script), ...args], {
    cwd: ROOT,
    // A process group of its own, as a terminal makes for every command.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  let over = false;
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => {
      over = true;
      resolve({ code, ...output, seconds: (performance.now() - began) / 1000 });
    });
  });
  const said = (text: string | RegExp) =>
    [output.stdout, output.stderr].some((all) => (typeof text === "string" ? all.includes(text) : text.test(all)));
  return {
    says: async (text) => {
      while (!said(text)) {
        if (over) throw new Error(`ended without saying ${String(text)}:\n${output.stdout}\n${output.stderr}`);
        await sleep(20);
      }
    },
    get stdout() {
      return output.stdout;
    },
    interrupt: () => {
      if (child.pid !== undefined && !over) process.kill(-child.pid, "SIGINT");
    },
    kill: () => {
      child.kill("SIGKILL");
    },
    ended,
  };
}

/** Runs a command to its end. */
export async function run(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<Ended> {
  return await start(script, args, env).ended;
}

/** Live processes that have inherited an environment variable, as `pid command`: whatever a command started. */
export function processesWith(variable: string, value: string): string[] {
  const wanted = `${variable}=${value}`;
  return readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return environment.includes(wanted) && command !== "" ? [`${pid} ${command}`] : [];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}
