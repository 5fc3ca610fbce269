import { stat, statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { CommandError, ToolchainError } from "./errors.ts";
import { isErrno } from "./process.ts";

/** Room something takes under a folder that may not exist yet. */
export interface DiskNeed {
  readonly path: string;
  readonly mebibytes: number;
}

/** Free room of one file system. */
export interface FreeSpace {
  /** Tells file systems apart. */
  readonly device: number;
  readonly mebibytes: number;
}

const MIB = 1024 * 1024;

/** Free room where `path` is or would be, for an unprivileged user. */
export async function freeSpace(path: string): Promise<FreeSpace> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    try {
      const [{ dev }, { bavail, bsize }] = await Promise.all([stat(folder), statfs(folder)]);
      return { device: dev, mebibytes: Math.floor((bavail * bsize) / MIB) };
    } catch (error) {
      if (!isErrno(error, "ENOENT") || folder === dirname(folder)) throw error;
    }
  }
}

/**
 * Refuses work that would fill a disk. Needs on the same file system add up.
 * @param what the work, for the message: "building kubernetes"
 * @throws {ToolchainError} naming folder, need, room and remedy
 */
export async function requireDiskSpace(
  what: string,
  needs: readonly DiskNeed[],
  measure: (path: string) => Promise<FreeSpace> = freeSpace,
): Promise<void> {
  const devices = new Map<number, { free: number; needed: number; paths: string[] }>();
  for (const need of needs) {
    const { device, mebibytes } = await measure(need.path);
    const entry = devices.get(device) ?? { free: mebibytes, needed: 0, paths: [] };
    entry.needed += need.mebibytes;
    entry.paths.push(need.path);
    devices.set(device, entry);
  }
  for (const { free, needed, paths } of devices.values()) {
    if (free >= needed) continue;
    throw new ToolchainError(
      `${paths.join(" and ")}: ${free} MiB free – ${what} needs ${needed} MiB. ` +
        "Free room there, or set VLLM_STACK_CACHE (and GOCACHE, GOMODCACHE for Go) to a folder on a larger disk.",
    );
  }
}

/** Whether an error says that a disk is full, by its code or by the output of the program that failed. */
export function isDiskFull(error: unknown): boolean {
  if (isErrno(error, "ENOSPC") || isErrno(error, "EDQUOT")) return true;
  const text = error instanceof CommandError ? error.tail.join("\n") : error instanceof Error ? error.message : "";
  return /no space left on device|disk quota exceeded|don't have enough free space/i.test(text);
}
