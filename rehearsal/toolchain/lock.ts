import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isErrno } from "./process.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Start time in clock ticks since boot (field 22 of /proc/<pid>/stat); empty where there is no /proc. */
  readonly started: string;
}

/** How {@link withLock} waits. */
export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once per holder that has to be waited for. */
  readonly onWait?: (holder: ProcessIdentity) => void;
}

const POLL_MILLISECONDS = 250;

async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold spaces and parentheses; what follows the last one starts with field 3, the state.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; only its parent hasn't noticed.
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The identity of this process, or of another one on this machine. */
export async function identify(pid: number = process.pid): Promise<ProcessIdentity> {
  return { host: hostname(), pid, started: (await startTime(pid)) ?? "" };
}

/** Whether that very process still runs. A process of another machine (a shared home folder) counts as running. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.host !== hostname()) return true;
  if (identity.started !== "") return (await startTime(identity.pid)) === identity.started;
  try {
    process.kill(identity.pid, 0);
    return true;
  } catch (error) {
    return !isErrno(error, "ESRCH");
  }
}

/** Reads an identity back from JSON; undefined when it is none. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    if (!("host" in value && "pid" in value && "started" in value)) return undefined;
    const { host, pid, started } = value;
    if (typeof host !== "string" || typeof pid !== "number" || typeof started !== "string") return undefined;
    return { host, pid, started };
  } catch {
    return undefined;
  }
}

/**
 * Runs `work` while holding the lock file at `path`. The file names its holder; a lock whose holder is gone (killed,
 * machine restarted) is taken over. Should two processes ever take over the same stale lock in the same instant, both
 * go on: what they build lands under the same name by rename, so the worst is work done twice.
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const self = await identify();
  const content = JSON.stringify(self);
  const own = `${path}.${self.pid}.${process.hrtime.bigint()}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(own, content);
  try {
    await acquire(path, own, options);
  } finally {
    await rm(own, { force: true });
  }
  try {
    return await work();
  } finally {
    if ((await readOrUndefined(path)) === content) await rm(path, { force: true });
  }
}

/** A link is made with its content in place, so nobody ever reads an empty lock. */
async function acquire(path: string, own: string, options: LockOptions): Promise<void> {
  let announced: number | undefined;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      await link(own, path);
      return;
    } catch (error) {
      if (!isErrno(error, "EEXIST")) throw error;
    }
    const text = await readOrUndefined(path);
    if (text === undefined) continue;
    const holder = parseIdentity(text);
    if (holder === undefined || !(await isAlive(holder))) {
      await removeStale(path, `${own}.stale`, text);
      continue;
    }
    if (announced !== holder.pid) {
      announced = holder.pid;
      options.onWait?.(holder);
    }
    await sleep(POLL_MILLISECONDS, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function removeStale(path: string, aside: string, expected: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw error;
  }
  if ((await readOrUndefined(aside)) !== expected) {
    // Somebody else had taken over in between: give the lock back to them.
    await link(aside, path).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

async function readOrUndefined(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
