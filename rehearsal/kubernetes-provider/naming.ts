import { createHash } from "node:crypto";

import type { CheckFailure, CheckRequest, CheckResult } from "../clouds/provider.ts";
import { containsUnknown, isProperties, textAt, valueAt, withValueAt, type Properties } from "../clouds/values.ts";
import type { Kind } from "./kinds.ts";

/** Marks objects whose name we made up, so that they keep it and may be replaced by one with another name. */
const AUTONAMED = "pulumi.com/autonamed";

/** Longest name that still leaves room for the suffixes controllers add to the names of pods. */
const LONGEST_NAME = 52;

/** Where an object lives. */
export interface Place {
  readonly namespaced: boolean;
  /** Namespace of objects that name none. */
  readonly defaultNamespace: string;
}

/**
 * Completes the inputs of an object: API version and kind, namespace, and a name if there is none. A made-up name is kept
 * from run to run; a new one depends on the name in the program and the engine's random bytes, so a preview and its update agree.
 */
export function complete(request: CheckRequest, kind: Kind, place: Place): CheckResult {
  const { inputs, oldInputs, name, randomSeed } = request;
  const metadata = inputs.metadata;
  if (metadata !== undefined && metadata !== null && !isProperties(metadata)) {
    // An unknown metadata can't be completed; in an update it is known.
    if (containsUnknown(metadata)) return { inputs: { ...inputs, ...kind } };
    return { inputs, failures: [{ path: ["metadata"], reason: "must be an object" }] };
  }
  const failures: CheckFailure[] = [];
  let object: Properties = { ...inputs, ...kind, metadata: metadata ?? {} };
  if (valueAt(object, ["metadata", "generateName"]) !== undefined) {
    const reason = "is not supported in a rehearsal. Set metadata.name, or neither to have a name made up.";
    failures.push({ path: ["metadata", "generateName"], reason });
  }
  if (place.namespaced && isMissing(object, "namespace")) {
    object = withValueAt(object, ["metadata", "namespace"], place.defaultNamespace);
  }
  if (!place.namespaced && !isMissing(object, "namespace")) {
    failures.push({
      path: ["metadata", "namespace"],
      reason: `${kind.kind} objects live outside namespaces. Leave it out.`,
    });
  }
  if (isMissing(object, "name")) {
    const earlier = isAutonamed(oldInputs) ? textAt(oldInputs, "metadata", "name") : undefined;
    object = withValueAt(object, ["metadata", "name"], earlier ?? makeName(name, randomSeed));
    object = withValueAt(object, ["metadata", "annotations", AUTONAMED], "true");
  }
  return { inputs: object, failures };
}

/** Whether the object's name was made up. */
export function isAutonamed(object: Properties): boolean {
  return textAt(object, "metadata", "annotations", AUTONAMED) === "true";
}

/** Identifies an object in the engine's state: `namespace/name`, or the name alone outside namespaces. */
export function idOf(object: Properties): string {
  const namespace = textAt(object, "metadata", "namespace") ?? "";
  const name = textAt(object, "metadata", "name") ?? "?";
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** The namespace and name an identifier stands for. */
export function splitId(id: string): { readonly namespace?: string; readonly name: string } {
  const slash = id.indexOf("/");
  return slash < 0 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) };
}

/** An object for people: `Deployment vllm/router`. */
export function describeObject(kind: Kind, object: Properties): string {
  return `${kind.kind} ${idOf(object)}`;
}

function isMissing(object: Properties, field: string): boolean {
  const value = valueAt(object, ["metadata", field]);
  return value === undefined || value === null || value === "";
}

function makeName(resourceName: string, seed: Uint8Array): string {
  const suffix = createHash("sha256").update(seed).update(resourceName).digest("hex").slice(0, 8);
  const stem = resourceName
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .slice(0, LONGEST_NAME - 9)
    .replaceAll(/^-+|-+$/g, "");
  return stem === "" ? `object-${suffix}` : `${stem}-${suffix}`;
}
