import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "./types.ts";

/** What {@link until} waits for. */
export interface Condition {
  /** For the message if it never comes true, for instance "the API server". */
  readonly what: string;
  readonly timeoutMs: number;
  readonly intervalMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Resolves with undefined once the condition holds, else with the problem in a few words. */
  readonly problem: () => Promise<string | undefined> | string | undefined;
  /** Told about every change of the problem. */
  readonly report?: (problem: string) => void;
}

/**
 * Waits until a condition holds.
 * @throws ClusterError naming the last problem when the time is up or the signal aborts
 */
export async function until(condition: Condition): Promise<void> {
  const deadline = Date.now() + condition.timeoutMs;
  let last = "";
  for (;;) {
    if (condition.signal?.aborted === true) throw abortReason(condition.signal);
    const problem = await attempt(condition.problem);
    if (problem === undefined) return;
    if (problem !== last) condition.report?.(problem);
    last = problem;
    if (Date.now() > deadline) {
      throw new ClusterError(`${condition.what}: not ready after ${condition.timeoutMs / 1000} s – ${problem}.`);
    }
    await sleep(condition.intervalMs ?? 100);
  }
}

async function attempt(check: Condition["problem"]): Promise<string | undefined> {
  try {
    return await check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Waits for all, so that nothing goes on in the background when one fails, and then fails with the first of them. */
export async function together(work: readonly Promise<unknown>[]): Promise<void> {
  const outcomes = await Promise.allSettled(work);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Does as `work` does, but rejects as soon as the signal aborts; work that was not begun by then never is. */
export async function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (signal.aborted) throw abortReason(signal);
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => {
    aborted.reject(abortReason(signal));
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** A failure elsewhere is passed on as it is; a person's Ctrl-C is a cancellation. */
function abortReason(signal: AbortSignal): Error {
  return signal.reason instanceof ClusterError ? signal.reason : cancelled();
}

/** The error for a start that a person ended. */
export const cancelled = (): ClusterError => new ClusterError("The start was cancelled.");
