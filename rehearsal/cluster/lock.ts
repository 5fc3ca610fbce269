import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { describeProcess, errorCode, identify, isAlive, type ProcessIdentity } from "./processes.ts";
import { ClusterError } from "./types.ts";

const holderSchema = z.object({ pid: z.int().positive(), startTime: z.string() });

/** The live process that holds the lock; undefined if nobody does. */
export function lockHolder(path: string): ProcessIdentity | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  // A process that died between creating and filling the file left an empty one.
  const parsed = holderSchema.safeParse(text === "" ? undefined : JSON.parse(text));
  return parsed.success && isAlive(parsed.data) ? parsed.data : undefined;
}

/**
 * Runs `work` while no other process starts or stops the same cluster. The lock of a process that has ended counts as free.
 * @throws ClusterError at once if a live process holds the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const self = identify(process.pid);
  if (self === undefined) throw new Error("this process has no entry in /proc");
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  acquire(path, self);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function acquire(path: string, self: ProcessIdentity): void {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(self), { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
    if (lockHolder(path) === undefined) rmSync(path, { force: true });
  }
  const holder = lockHolder(path);
  throw new ClusterError(
    `The cluster in ${dirname(path)} is being started or stopped by process ${holder === undefined ? "unknown" : describeProcess(holder)}. Wait for it, or end it (Ctrl-C there), and try again.`,
  );
}
