import { copyFileSync, openSync, closeSync, fstatSync, readSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "./processes.ts";

/** A daemon's log is moved to `NAME.log.1` when it exceeds this. */
export const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Moves logs over the limit aside, replacing what was moved before. Daemons write in append mode and keep their file open,
 * so the content is copied and the file emptied.
 */
export function boundLogs(folder: string, limitBytes = LOG_LIMIT_BYTES): void {
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith(".log"))) {
    const path = join(folder, name);
    if (statSync(path).size <= limitBytes) continue;
    copyFileSync(path, `${path}.1`);
    truncateSync(path, 0);
  }
}

/** The last lines of a log, without the kilobytes before them; empty if there is none. */
export function lastLines(path: string, count: number): readonly string[] {
  const tailBytes = 16 * 1024;
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    const bytes = readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, bytes).toString("utf8").split("\n").filter(Boolean).slice(-count);
  } finally {
    closeSync(file);
  }
}
