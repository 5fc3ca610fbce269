import { inspect } from "node:util";

/** Exit codes of the commands: 0 done, 1 the answer is no, 2 the question was wrong. */
export const EXIT = { ok: 0, no: 1, usage: 2 } as const;

/** A mistake of the person at the keyboard: printed as its message alone, never with a stack trace. */
export class UserError extends Error {
  override readonly name = "UserError";
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

/**
 * Errors of other parts whose messages are complete: what is wrong and what to do. By name, so that no command loads the
 * engine's SDK or the cluster's code for an error it can't meet.
 */
const COMPLETE: ReadonlySet<string> = new Set([
  "ClusterError",
  "EngineBusyError",
  "EngineError",
  "EnvironmentError",
  "RequestError",
  "ToolchainError",
]);

function isComplete(error: unknown): error is Error {
  return error instanceof Error && COMPLETE.has(error.name);
}

/** Errors of `node:util` parseArgs are mistakes on the command line too. */
function isArgumentError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

/**
 * What to print and which exit code to set for an error a command ended with.
 * A {@link UserError} and a wrong option are one message; anything else is a defect and keeps its stack.
 */
export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof UserError) return { text: error.message, exitCode: error.exitCode };
  if (isArgumentError(error)) return { text: `${error.message} See --help.`, exitCode: EXIT.usage };
  if (isComplete(error)) {
    return { text: error.message, exitCode: error.name === "EnvironmentError" ? EXIT.usage : EXIT.no };
  }
  return { text: inspect(error), exitCode: EXIT.no };
}

/**
 * Runs a command's `main` and sets the process's exit code: what `main` returns, or what its error asks for.
 * A reader that went away (`… | head`) is no error.
 */
export async function runCommand(main: () => number | Promise<number | undefined> | undefined): Promise<void> {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT.ok);
  });
  try {
    process.exitCode = (await main()) ?? EXIT.ok;
  } catch (error) {
    const { text, exitCode } = describeFailure(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = exitCode;
  }
}
