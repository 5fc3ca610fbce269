import { setTimeout as sleep } from "node:timers/promises";
import type { Plan, WorkloadPlan } from "../../planning/types.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { complete, RequestError, targets } from "../client.ts";
import type { Addresses, Proof } from "./started.ts";

/** The front, the router and the engine are ready; discovery and the first scrape may lag behind by a few seconds. */
const PATIENCE_MS = 60_000;

const QUESTION = "Why is the sky blue?";

/**
 * Asks the first model one question and Prometheus for its targets; waits until both answer.
 *
 * @param key API key; null where the endpoint is open
 * @throws RequestError if the model doesn't answer. Targets that stay down are told in the result
 */
export async function prove(
  plan: Plan,
  addresses: Addresses,
  key: string | null,
  progress: Progress,
  signal: AbortSignal,
): Promise<Proof> {
  const model = plan.engines[0]?.servedName ?? "";
  const asking = progress.step("ask the first model", model);
  const ask = () => complete(addresses.endpoint, key, model, QUESTION);
  const completion = await patiently(signal, ask).catch((error: unknown) => {
    asking.fail(error instanceof Error ? error.message : String(error));
    throw error;
  });
  asking.done(`${Math.round(completion.milliseconds)} ms`);
  return { model, question: QUESTION, completion, targets: await scrape(plan, addresses.prometheus, progress, signal) };
}

async function scrape(
  plan: Plan,
  prometheus: string | null,
  progress: Progress,
  signal: AbortSignal,
): Promise<Proof["targets"]> {
  if (prometheus === null) return null;
  const step = progress.step("first scrape of every target");
  const expected = expectedTargets(plan);
  let seen = { up: 0, all: 0 };
  await patiently(signal, async () => {
    seen = await targets(prometheus);
    const text = `${seen.up} of ${Math.max(seen.all, expected)} targets are up`;
    step.update(text);
    if (seen.up < Math.max(seen.all, expected)) throw new RequestError(`${text}.`);
  }).catch((error: unknown) => {
    if (error instanceof RequestError && !signal.aborted) return;
    step.fail(signal.aborted ? "cancelled" : String(error));
    throw error;
  });
  seen = { ...seen, all: Math.max(seen.all, expected) };
  const text = `${seen.up} of ${seen.all} up`;
  if (seen.up === seen.all) step.done(text);
  else step.fail(text);
  return seen;
}

/** Targets Prometheus will find: the pods of every job, and itself. */
export function expectedTargets(plan: Plan): number {
  if (plan.observability === null) return 0;
  const { jobs, prometheus, grafana } = plan.observability;
  const workloads: readonly WorkloadPlan[] = [
    ...plan.engines.map(({ workload }) => workload),
    ...plan.routers.map(({ workload }) => workload),
    plan.front.workload,
    prometheus,
    ...[grafana, plan.cacheServer].filter((workload) => workload !== null),
  ];
  const found = jobs.flatMap(({ selector, port }) =>
    workloads.filter(
      ({ labels, pod }) =>
        pod.ports.some((candidate) => candidate.port === port) &&
        Object.entries(selector).every(([name, value]) => labels[name] === value),
    ),
  );
  return found.reduce((sum, { replicas }) => sum + replicas, 1);
}

async function patiently<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RequestError) || performance.now() > deadline) throw error;
      await sleep(500, undefined, { signal });
    }
  }
}
