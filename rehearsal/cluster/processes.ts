import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A process that a reused pid can't be mistaken for: nothing else has this pid, start time and boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot at which it started (`/proc/PID/stat`, field 22). */
  readonly startTime: string;
}

/** The environment variable every daemon of a cluster carries, with the cluster's id as value. */
export const MARKER = "VLLM_STACK_CLUSTER";

/** Identifies this boot of this machine; process identities of another boot are void. */
export function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Fields of `/proc/PID/stat` after the command, which may itself contain spaces and parentheses. */
export function parseStat(stat: string): {
  readonly state: string;
  readonly parent: number;
  readonly startTime: string;
} {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", parent: Number(fields[1]), startTime: fields[19] ?? "" };
}

/** The identity of a live process; undefined if there is none (zombies have ended). */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  const { state, startTime } = parseStat(stat);
  return state === "Z" || state === "X" ? undefined : { pid, startTime };
}

/** Whether exactly this process still runs. */
export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTime === process.startTime;
}

/** Processes of the host whose environment carries the marker with this cluster's id. */
export function findMarked(id: string): readonly ProcessIdentity[] {
  const wanted = `${MARKER}=${id}`;
  return findProcesses((pid) => readProc(pid, "environ")?.split("\0").includes(wanted) ?? false);
}

/** Live processes for which `matches` holds, without this one. */
export function findProcesses(matches: (pid: number) => boolean): readonly ProcessIdentity[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && matches(pid))
    .flatMap((pid) => identify(pid) ?? []);
}

/** The command line of a process, shortened for messages. */
export function describeProcess({ pid }: ProcessIdentity): string {
  const words = readProc(pid, "cmdline")?.split("\0").filter(Boolean) ?? [];
  const text = words.length > 0 ? words.join(" ") : (readProc(pid, "comm")?.trim() ?? "ended");
  return `${pid} (${text.length > 100 ? `${text.slice(0, 100)}…` : text})`;
}

/** Sends SIGKILL if the process is still the one that was meant. */
export function kill(target: ProcessIdentity): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, "SIGKILL");
  } catch (error) {
    if (errorCode(error) !== "ESRCH") throw error;
  }
}

/**
 * Kills everything `find` returns until it returns nothing, and resolves with what is left after `timeoutMs`
 * (a process in uninterruptible sleep, for instance).
 */
export async function killAll(
  find: () => readonly ProcessIdentity[],
  timeoutMs: number,
): Promise<readonly ProcessIdentity[]> {
  const deadline = Date.now() + timeoutMs;
  for (let delay = 10; ; delay = Math.min(delay * 2, 200)) {
    const alive = find();
    if (alive.length === 0 || Date.now() > deadline) return alive;
    alive.forEach(kill);
    await sleep(delay);
  }
}

/** The `code` of a system error, for instance `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function readProc(pid: number, file: "stat" | "environ" | "cmdline" | "comm"): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
