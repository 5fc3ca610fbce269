import { setTimeout } from "node:timers/promises";

import { ProviderError, type DeleteRequest } from "../clouds/provider.ts";
import { listAt, textAt, type Properties } from "../clouds/values.ts";
import { UnreachableError } from "./api-errors.ts";
import type { ClusterObjects, Locator } from "./cluster.ts";
import { kindOf } from "./kinds.ts";
import { describeObject, idOf, splitId } from "./naming.ts";
import { explanationOf, explained, type KubernetesSession } from "./session.ts";
import { condition } from "./verdict.ts";
import { annotation, timeoutOf } from "./wait-for.ts";

/** Kinds whose pods shall be gone when they are: whoever comes next may need their GPUs, ports or volumes. */
const FOREGROUND = ["DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"];

const FIRST_LOOK_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 2_000;

/** Deletes an object and waits until it is gone. One that is gone already is a success. */
export async function deleteObject(request: DeleteRequest, session: KubernetesSession): Promise<void> {
  const { id, inputs, outputs, type, log } = request;
  const locator = { ...kindOf(type, inputs), ...splitId(id) };
  const name = describeObject(locator, { metadata: splitId(id) });
  const objects = session.objects(request.signal);
  const policy =
    annotation(outputs, "deletionPropagationPolicy") ??
    (FOREGROUND.includes(locator.kind) ? "Foreground" : "Background");
  try {
    if (!(await objects.delete(locator, capitalised(policy)))) return;
  } catch (error) {
    if (!(error instanceof UnreachableError) || !session.settings.deleteUnreachable) {
      throw explanationOf(name, error);
    }
    log("warning", `${name} is forgotten without being deleted: ${error.message}`);
    return;
  }
  if (annotation(outputs, "skipAwait") === "true") return;
  await explained(name, () => waitUntilGone(locator, name, request, objects));
}

async function waitUntilGone(
  locator: Locator,
  name: string,
  { outputs, timeoutSeconds, signal, status }: DeleteRequest,
  objects: ClusterObjects,
): Promise<void> {
  const limit = timeoutOf(outputs, timeoutSeconds);
  const deadline = Date.now() + limit * 1000;
  const deleted = textAt(outputs, "metadata", "uid");
  let pause = FIRST_LOOK_MILLISECONDS;
  let shown = "";
  for (;;) {
    const live = await objects.get(locator);
    // Somebody else may have made an object of the same name since.
    if (live === undefined || (deleted !== undefined && textAt(live, "metadata", "uid") !== deleted)) return;
    const message = remaining(live);
    if (Date.now() >= deadline) throw new ProviderError(`${name} is not gone after ${limit} s: ${message}`);
    if (message !== shown) status(message);
    shown = message;
    await setTimeout(pause, undefined, { signal });
    pause = Math.min(pause * 1.5, LONGEST_PAUSE_MILLISECONDS);
  }
}

/** What the deletion of an object waits for. */
function remaining(live: Properties): string {
  const parts: string[] = [];
  const finalizers = [...listAt(live, "metadata", "finalizers"), ...listAt(live, "spec", "finalizers")].map(String);
  if (finalizers.length > 0) parts.push(`finalizers: ${finalizers.join(", ")}`);
  for (const type of ["NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionContentFailure"]) {
    const found = condition(live, type);
    if (found?.status === "True") parts.push(found.message);
  }
  return parts.length === 0 ? `${idOf(live)} is still there` : `it waits for ${parts.join("; ")}`;
}

/** The annotation is written in lower case, as in `kubectl delete --cascade`. */
function capitalised(policy: string): string {
  return policy.charAt(0).toUpperCase() + policy.slice(1);
}
