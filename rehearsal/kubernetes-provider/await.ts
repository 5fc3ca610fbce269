import { setTimeout } from "node:timers/promises";

import type { Operation } from "../clouds/provider.ts";
import type { Secrets } from "../clouds/secrets.ts";
import { propertiesAt, type Properties } from "../clouds/values.ts";
import { locatorOf, type ClusterObjects } from "./cluster.ts";
import { describeObject } from "./naming.ts";
import { controllerProblem, podProblems, selectorText, type PodProblem } from "./reasons.ts";
import { failed, NEEDS, verdictOn, type Related, type Verdict } from "./verdict.ts";
import { annotation, expectationsOf, verdictByExpectations } from "./wait-for.ts";

/** Time between two looks at an object: short at first, as many things are ready at once. */
const FIRST_LOOK_MILLISECONDS = 200;
const LONGEST_PAUSE_MILLISECONDS = 2_000;

/** Reasons that last this long are told where they stay, for logs without live progress. */
const REMARKABLE_MILLISECONDS = 10_000;

/** Lines of a crashed container's output that are shown. */
const LOG_LINES = 10;

/** How waiting ended. */
export interface Awaited {
  /** The object as it was seen last. */
  readonly live: Properties;
  /** Why it isn't ready; empty if it is. */
  readonly problems: readonly string[];
}

/** What {@link waitUntilReady} waits with. */
export interface Waiting {
  readonly objects: ClusterObjects;
  readonly operation: Operation;
  /** Every secret of the session: the output of a container may hold secrets of other objects. */
  readonly secrets: Secrets;
  readonly timeoutSeconds: number;
}

/**
 * Whether the object is ready now, without waiting.
 * @param since failures from before this time don't count, in milliseconds since 1970
 */
export async function readinessOf(live: Properties, objects: ClusterObjects, since = 0): Promise<Verdict> {
  if (annotation(live, "skipAwait") === "true") return { state: "ready" };
  const expectations = expectationsOf(live);
  if (typeof expectations === "string") return failed(expectations);
  if (expectations.length > 0) return verdictByExpectations(live, expectations);
  return verdictOn(live, { ...(await relatedTo(live, objects)), since });
}

/**
 * Waits until an object is ready, saying why it isn't meanwhile. Ends early when waiting can't help, when the time is up,
 * and when the run is cancelled; the problems then say why, down to the pods and their last lines of output.
 */
export async function waitUntilReady(first: Properties, waiting: Waiting): Promise<Awaited> {
  const { objects, operation, timeoutSeconds } = waiting;
  const locator = locatorOf(first);
  const name = describeObject(locator, first);
  const started = Date.now();
  // Times in a status have no fractions of seconds.
  const begun = Math.floor(started / 1000) * 1000;
  const deadline = started + timeoutSeconds * 1000;
  const told = new Set<string>();
  let live = first;
  let shown = "";
  let pause = FIRST_LOOK_MILLISECONDS;
  try {
    for (;;) {
      const verdict = await readinessOf(live, objects, begun);
      if (verdict.state === "ready") return { live, problems: [] };
      const details = await explainUnready(live, waiting);
      const summary = [verdict.message, ...details].join("\n  ");
      if (verdict.state === "failed") return { live, problems: [`${name}: ${summary}`] };
      if (Date.now() >= deadline) {
        return { live, problems: [`${name} is not ready after ${timeoutSeconds} s: ${summary}`] };
      }
      const status = details[0] === undefined ? verdict.message : `${verdict.message}; ${firstLine(details[0])}`;
      if (status !== shown) operation.status(status);
      shown = status;
      for (const detail of details) {
        if (Date.now() - started < REMARKABLE_MILLISECONDS || told.has(firstLine(detail))) continue;
        told.add(firstLine(detail));
        operation.log("info", `${name}: ${detail}`);
      }
      await setTimeout(Math.min(pause, Math.max(0, deadline - Date.now())), undefined, { signal: operation.signal });
      pause = Math.min(pause * 1.5, LONGEST_PAUSE_MILLISECONDS);
      const seen = await objects.get(locator);
      if (seen === undefined)
        return { live, problems: [`${name} was deleted by somebody else while it was waited for.`] };
      live = seen;
    }
  } catch (error) {
    if (!operation.signal.aborted) throw error;
    return { live, problems: [`${name}: the run was cancelled while it was waited for.`] };
  }
}

/** Why the object isn't ready, as far as its pods, its controller and their events tell. */
async function explainUnready(live: Properties, { objects, secrets }: Waiting): Promise<readonly string[]> {
  const { kind, namespace } = locatorOf(live);
  if (namespace === undefined) return [];
  const events = await objects.list({ apiVersion: "v1", kind: "Event" }, namespace);
  const problem = controllerProblem(live, events);
  const pods = kind === "Pod" ? [live] : await podsOf(live, objects, namespace);
  const problems = podProblems(pods, events);
  if (kind === "Service" && pods.length === 0) {
    return [`no pod in ${namespace} has the labels ${selectorText(propertiesAt(live, "spec", "selector")) ?? ""}`];
  }
  // Replicas fail alike; one of each kind tells the story.
  const distinct = [...new Map(problems.map((one) => [one.message, one])).values()].slice(0, 3);
  const texts = await Promise.all(distinct.map((one) => describeProblem(one, namespace, objects, secrets)));
  return problem === undefined ? texts : [problem, ...texts];
}

async function describeProblem(
  { pod, message, crashed }: PodProblem,
  namespace: string,
  objects: ClusterObjects,
  secrets: Secrets,
): Promise<string> {
  const text = `pod ${pod}: ${message}`;
  if (crashed === undefined) return text;
  const { container, previous } = crashed;
  const query = { container, tailLines: String(LOG_LINES) };
  // The node forgets ended containers after a while; then the one that runs now is about to say the same.
  const last = previous ? await objects.logs(namespace, pod, { ...query, previous: "true" }) : "";
  const output = last === "" ? await objects.logs(namespace, pod, query) : last;
  const lines = secrets.redact(output).split("\n");
  return output === "" ? text : [text, ...lines.map((line) => `    | ${line}`)].join("\n");
}

async function podsOf(live: Properties, objects: ClusterObjects, namespace: string): Promise<readonly Properties[]> {
  const labelSelector = selectorText(propertiesAt(live, "spec", "selector"));
  if (labelSelector === undefined) return [];
  return await objects.list({ apiVersion: "v1", kind: "Pod" }, namespace, { labelSelector });
}

async function relatedTo(live: Properties, objects: ClusterObjects): Promise<Related> {
  const { kind, namespace, name } = locatorOf(live);
  const needs = (what: keyof typeof NEEDS) => NEEDS[what].includes(kind);
  const slices = { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice" };
  return {
    endpointSlices: needs("endpointSlices")
      ? await objects.list(slices, namespace, { labelSelector: `kubernetes.io/service-name=${name}` })
      : [],
    storageClasses: needs("storageClasses")
      ? await objects.list({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass" }, undefined)
      : [],
  };
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
