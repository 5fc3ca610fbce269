/**
 * Something the user can act on: no Go, a full disk, an unsupported host, a package that is not to be had.
 * The message is complete (what, where, what to do); callers print it without a stack trace.
 */
export class ToolchainError extends Error {
  override readonly name = "ToolchainError";
}

/** A program that was run and did not end with status 0. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** Exit status, or the signal's name when it was killed. */
  readonly status: number | string;
  /** The last lines it wrote, both streams. */
  readonly tail: readonly string[];

  constructor(command: string, status: number | string, tail: readonly string[]) {
    super([`${command} ended with ${typeof status === "number" ? `status ${status}` : status}`, ...tail].join("\n  "));
    this.status = status;
    this.tail = tail;
  }
}
