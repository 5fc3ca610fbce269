import { setTimeout as sleep } from "node:timers/promises";
import type { Plan } from "../../planning/types.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { type Completion, complete, RequestError, targets } from "../client.ts";
import { color, table } from "../terminal.ts";

/** Where the stack answers, for the person at the keyboard. */
export interface Addresses {
  /** OpenAI base URL on this machine. */
  readonly endpoint: string;
  readonly prometheus: string | null;
  /** File that holds an API key; null: the endpoint is open. */
  readonly keyFile: string | null;
}

/** What was asked and seen after an `up`. */
export interface Proof {
  readonly model: string;
  readonly completion: Completion;
  readonly targets: { readonly up: number; readonly all: number } | null;
}

/** The front, the router and the engine are ready; discovery and the first scrape may lag behind by a few seconds. */
const PATIENCE_MS = 60_000;

/** Asks the first model one question and Prometheus for its targets; waits until both answer. */
export async function prove(
  plan: Plan,
  addresses: Addresses,
  key: string | null,
  progress: Progress,
  signal: AbortSignal,
): Promise<Proof> {
  const model = plan.engines[0]?.servedName ?? "";
  const asking = progress.step("ask the first model", model);
  const completion = await patiently(signal, () => complete(addresses.endpoint, key, model, "Why is the sky blue?"));
  asking.done(`${Math.round(completion.milliseconds)} ms`);
  if (addresses.prometheus === null) return { model, completion, targets: null };
  const { prometheus } = addresses;
  const scraping = progress.step("first scrape of every target");
  const seen = await patiently(signal, async () => {
    const found = await targets(prometheus);
    if (found.all === 0 || found.up < found.all) throw new RequestError(`${found.up} of ${found.all} targets are up.`);
    return found;
  }).catch(() => targets(prometheus));
  scraping.done(`${seen.up} of ${seen.all} up`);
  return { model, completion, targets: seen };
}

/** The summary at the end of `npm start`. */
export function summary(
  plan: Plan,
  addresses: Addresses,
  proof: Proof,
  notes: readonly string[],
  next: readonly string[],
): string {
  const { completion } = proof;
  const by = completion.engine === null ? "" : ` by ${completion.engine}`;
  const scraped = proof.targets === null ? "" : `, ${proof.targets.up} of ${proof.targets.all} targets up`;
  const rows: [string, string][] = [
    ["OpenAI endpoint", addresses.endpoint],
    ["API key", addresses.keyFile ?? "none needed"],
    ["models", plan.engines.map(({ servedName, workload }) => `${servedName} (${workload.replicas})`).join(", ")],
    ["asked", `${proof.model}: “Why is the sky blue?”`],
    ["answered", `“${completion.text.trim()}”${by} in ${Math.round(completion.milliseconds)} ms`],
    ["Prometheus", addresses.prometheus === null ? "none" : `${addresses.prometheus}${scraped}`],
    ...notes.map((note): [string, string] => ["note", note]),
  ];
  const body = table(
    rows.map(([name, value]) => [color("dim", name), value]),
    [{ title: "" }, { title: "" }],
  );
  return [
    "",
    color("bold", `${plan.environment} is up.`),
    // The header of a table without titles is empty.
    ...body.split("\n").slice(2),
    "",
    color("bold", "Next"),
    ...next.map((command) => `  ${command}`),
    "",
  ].join("\n");
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
