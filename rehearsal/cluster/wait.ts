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
    if (condition.signal?.aborted === true) throw new ClusterError(`Cancelled while waiting for ${condition.what}.`);
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
