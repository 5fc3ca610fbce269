import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { CommandError } from "./errors.ts";

/** How {@link run} runs a program. */
export interface RunOptions {
  readonly cwd?: string;
  /** The whole environment. @default this process's */
  readonly env?: NodeJS.ProcessEnv;
  /** When aborted, the program and everything it started is killed and the run rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each line of both streams, as it comes. */
  readonly onLine?: (line: string) => void;
  /** Written to its standard input, which is closed otherwise. */
  readonly input?: Readable;
}

const TAIL_LINES = 15;
const KILL_AFTER_MILLISECONDS = 3_000;

/**
 * Runs a program to its end, without a shell.
 * @returns what it wrote to standard output
 * @throws {CommandError} with the last lines of its output when it fails; an error of code ENOENT when it is missing
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    // A group of its own, so that a build can be ended with everything it started.
    detached: true,
  });
  const tail: string[] = [];
  const stdout: string[] = [];
  const collect = (stream: Readable, all?: string[]): Promise<void> =>
    new Promise((resolve) => {
      createInterface({ input: stream, crlfDelay: Infinity })
        .on("line", (line) => {
          all?.push(line);
          tail.push(line);
          if (tail.length > TAIL_LINES) tail.shift();
          options.onLine?.(line);
        })
        .on("close", resolve);
    });
  const streams = [
    ...(child.stdout === null ? [] : [collect(child.stdout, stdout)]),
    ...(child.stderr === null ? [] : [collect(child.stderr)]),
  ];
  if (options.input !== undefined && child.stdin !== null) {
    // A program that ends early closes its input; its status says why, not the broken pipe.
    child.stdin.on("error", () => undefined);
    options.input.pipe(child.stdin);
  }

  const stopWatching = killOnAbort(child.pid, options.signal);
  try {
    const status = await new Promise<number | string>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code, signal) => {
        resolve(signal ?? code ?? 1);
      });
    });
    await Promise.all(streams);
    options.signal?.throwIfAborted();
    if (status !== 0) throw new CommandError([command, ...args.slice(0, 3)].join(" "), status, tail);
    return stdout.join("\n");
  } finally {
    stopWatching();
  }
}

function killOnAbort(pid: number | undefined, signal: AbortSignal | undefined): () => void {
  if (pid === undefined || signal === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    signalGroup(pid, "SIGTERM");
    timer = setTimeout(() => {
      signalGroup(pid, "SIGKILL");
    }, KILL_AFTER_MILLISECONDS);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  return () => {
    signal.removeEventListener("abort", onAbort);
    clearTimeout(timer);
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!isErrno(error, "ESRCH")) throw error;
  }
}

/** Whether an error is the system's error of that code, for instance `ENOENT`. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
