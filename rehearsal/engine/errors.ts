import type { Diagnostic, Step } from "./events.ts";

/** An engine operation failed. The message is the engine's own: every error it reported, with the resource it belongs to. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** `preview`, `up`, … */
  readonly operation: string;
  /** Everything the engine said, warnings included. */
  readonly diagnostics: readonly Diagnostic[];
  /** What had been done or tried when it failed. */
  readonly steps: readonly Step[];

  constructor(
    operation: string,
    message: string,
    diagnostics: readonly Diagnostic[] = [],
    steps: readonly Step[] = [],
  ) {
    super(message);
    this.operation = operation;
    this.diagnostics = diagnostics;
    this.steps = steps;
  }
}

/** Another process works on the same stack. */
export class EngineBusyError extends Error {
  override readonly name = "EngineBusyError";
  readonly pid: number;

  constructor(stack: string, pid: number, since: string) {
    super(
      `Stack ${stack} is being changed by process ${pid} since ${since}. Wait until it is done, or end it with "kill -INT ${pid}".`,
    );
    this.pid = pid;
  }
}

/** The failure of a command, for messages. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
