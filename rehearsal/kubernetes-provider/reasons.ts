import { isProperties, listAt, numberAt, propertiesAt, textAt, type Properties, type Value } from "../clouds/values.ts";
import { condition } from "./verdict.ts";

/** Why a pod isn't ready. */
export interface PodProblem {
  readonly pod: string;
  /** The reason, in words for people. */
  readonly message: string;
  /** Container whose last lines of output would explain it further. */
  readonly crashed?: { readonly container: string; readonly previous: boolean };
}

/** Reasons for waiting that mean no more than that a container isn't there yet. */
const UNREMARKABLE = new Set(["ContainerCreating", "PodInitializing"]);

/** Labels by which a pod is found, as a selector for the API; `undefined` if there are none. */
export function selectorText(selector: Properties): string | undefined {
  const labels =
    isProperties(selector.matchLabels) || Array.isArray(selector.matchExpressions)
      ? propertiesAt(selector, "matchLabels")
      : selector;
  const terms = Object.entries(labels).map(([name, value]) => `${name}=${typeof value === "string" ? value : ""}`);
  for (const expression of listAt(selector, "matchExpressions")) terms.push(expressionText(expression));
  return terms.length === 0 ? undefined : terms.join(",");
}

/**
 * Why pods aren't ready, each pod with its most telling reason; pods that are ready, done or being deleted have none.
 * @param events events of the namespace, for failed probes, images and volumes
 */
export function podProblems(pods: readonly Properties[], events: readonly Properties[]): readonly PodProblem[] {
  return pods.flatMap((pod) => {
    if (textAt(pod, "status", "phase") === "Succeeded") return [];
    if (textAt(pod, "metadata", "deletionTimestamp") !== undefined) return [];
    // A container that crashes soon after its start is ready in between.
    const ready = condition(pod, "Ready")?.status === "True";
    const problem = ready ? containersProblem(pod) : problemOf(pod, events);
    return problem === undefined ? [] : [{ pod: textAt(pod, "metadata", "name") ?? "", ...problem }];
  });
}

/** Why a controller makes no pods: admission, quota, and whatever else it was refused. */
export function controllerProblem(object: Properties, events: readonly Properties[]): string | undefined {
  const failure = condition(object, "ReplicaFailure");
  if (failure?.status === "True") return failure.message;
  return lastEvent(object, events, ["FailedCreate", "ProvisioningFailed", "SyncLoadBalancerFailed"]);
}

type Problem = Omit<PodProblem, "pod">;

function problemOf(pod: Properties, events: readonly Properties[]): Problem | undefined {
  const scheduled = condition(pod, "PodScheduled");
  if (scheduled?.status === "False") return { message: `can't be scheduled: ${scheduled.message}` };
  const problem = containersProblem(pod);
  if (problem !== undefined) return problem;
  const statuses = statusesOf(pod);
  if (textAt(pod, "status", "phase") === "Failed") {
    const details = [textAt(pod, "status", "reason"), textAt(pod, "status", "message")].filter(
      (text) => text !== undefined,
    );
    return { message: `failed: ${details.join(" ") || "without a reason"}` };
  }
  // Pulling an image or mounting a volume takes place before anything is started, and only events tell of it.
  const starting = lastEvent(pod, events, [
    "Failed",
    "FailedAttachVolume",
    "FailedCreatePodSandBox",
    "FailedMount",
    "Pulling",
  ]);
  if (starting !== undefined && !statuses.some(isStarted)) return { message: starting };
  const node = textAt(pod, "spec", "nodeName");
  if (statuses.length === 0 && node !== undefined)
    return { message: `is on node ${node}, which has not started it yet` };
  const probe = lastEvent(pod, events, ["Unhealthy"]);
  if (probe !== undefined) return { message: probe };
  const running = statuses.filter((status) => isStarted(status) && propertiesAt(status).ready !== true);
  if (running.length > 0) {
    return {
      message: `container ${running.map((status) => textAt(status, "name") ?? "?").join(", ")} runs but is not ready yet`,
    };
  }
  return undefined;
}

function statusesOf(pod: Properties): readonly Value[] {
  return [...listAt(pod, "status", "initContainerStatuses"), ...listAt(pod, "status", "containerStatuses")];
}

function containersProblem(pod: Properties): Problem | undefined {
  for (const status of statusesOf(pod)) {
    const problem = containerProblem(status);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function containerProblem(status: Value): Problem | undefined {
  const container = textAt(status, "name") ?? "?";
  const last = propertiesAt(status, "lastState", "terminated");
  const reason = textAt(status, "state", "waiting", "reason");
  if (reason === "CrashLoopBackOff") {
    return { message: `container ${container} crashes: ${exit(last)}`, crashed: { container, previous: true } };
  }
  if (reason !== undefined && !UNREMARKABLE.has(reason)) {
    const message = textAt(status, "state", "waiting", "message");
    return { message: `container ${container}: ${reason}${message === undefined ? "" : ` (${message})`}` };
  }
  const terminated = propertiesAt(status, "state", "terminated");
  if (terminated.exitCode !== undefined && terminated.exitCode !== 0) {
    return { message: `container ${container} ended: ${exit(terminated)}`, crashed: { container, previous: false } };
  }
  const restarts = numberAt(status, "restartCount") ?? 0;
  if (restarts > 0 && last.exitCode !== undefined) {
    return {
      message: `container ${container} was restarted ${restarts} times: ${exit(last)}`,
      crashed: { container, previous: true },
    };
  }
  return undefined;
}

function exit(terminated: Properties): string {
  const code = numberAt(terminated, "exitCode");
  const reason = textAt(terminated, "reason");
  const told = reason === undefined || reason === "Error" ? "" : `${reason}, `;
  const message = textAt(terminated, "message")?.trim() ?? "";
  return `${told}exit code ${code ?? "unknown"}${message === "" ? "" : ` (${message})`}`;
}

/** The newest event of one of the reasons about an object. */
function lastEvent(object: Properties, events: readonly Properties[], reasons: readonly string[]): string | undefined {
  const uid = textAt(object, "metadata", "uid");
  const found = events
    .filter(
      (event) => textAt(event, "involvedObject", "uid") === uid && reasons.includes(textAt(event, "reason") ?? ""),
    )
    .sort((one, other) => timeOf(one).localeCompare(timeOf(other)))
    .at(-1);
  return textAt(found, "message");
}

function timeOf(event: Properties): string {
  return (
    textAt(event, "series", "lastObservedTime") ??
    textAt(event, "lastTimestamp") ??
    textAt(event, "eventTime") ??
    textAt(event, "metadata", "creationTimestamp") ??
    ""
  );
}

function isStarted(status: Value): boolean {
  return Object.keys(propertiesAt(status, "state", "running")).length > 0;
}

function expressionText(expression: Value): string {
  const key = textAt(expression, "key") ?? "";
  const values = listAt(expression, "values").map(String).join(",");
  switch (textAt(expression, "operator")) {
    case "Exists":
      return key;
    case "DoesNotExist":
      return `!${key}`;
    case "NotIn":
      return `${key} notin (${values})`;
    default:
      return `${key} in (${values})`;
  }
}
