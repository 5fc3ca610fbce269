import { createHash } from "node:crypto";

import { listAt, propertiesAt, textAt, withValueAt, type Properties, type Value } from "../clouds/values.ts";
import { isList, isProperties } from "../clouds/values.ts";

/** Properties of the state that are ours and not the object's. Written like those of the published provider. */
const FIELD_MANAGER = "__fieldManager";

/** Metadata the server writes. */
const SERVER_METADATA = [
  "creationTimestamp",
  "deletionGracePeriodSeconds",
  "deletionTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
];

/** The inputs as they are sent to the API server: without status and without fields set to null. */
export function manifestOf(inputs: Properties): Properties {
  return withoutNulls(without(inputs, ["status"]));
}

/** An object as it is kept in the state: what the server returned, without its bookkeeping of managers. */
export function outputsOf(live: Properties, manager: string): Properties {
  const metadata = without(propertiesAt(live, "metadata"), ["managedFields"]);
  return { ...live, metadata, [FIELD_MANAGER]: manager };
}

/** What is left of an object when everything the server writes on its own is taken away. */
export function specified(live: Properties): Properties {
  const metadata = without(propertiesAt(live, "metadata"), SERVER_METADATA);
  return { ...without(live, ["status", FIELD_MANAGER]), metadata };
}

/**
 * Inputs that describe an object nobody registered before, for imports. Addresses the cluster assigned
 * are left out, so that they don't become part of the program.
 */
export function importedInputs(live: Properties): Properties {
  const inputs = specified(live);
  return inputs.kind === "Service"
    ? withValueAt(inputs, ["spec"], without(propertiesAt(inputs, "spec"), ["clusterIP", "clusterIPs"]))
    : inputs;
}

/**
 * The name under which a resource's fields are applied. It is kept in the state; a new one is made from the URN, so that an
 * object an interrupted run left behind is recognised as this resource's and as nobody else's.
 */
export function managerOf(urn: string, outputs: Properties = {}): string {
  const suffix = createHash("sha256").update(urn).digest("hex").slice(0, 8);
  return textAt(outputs, FIELD_MANAGER) ?? `pulumi-kubernetes-${suffix}`;
}

/** Whether the object was made by the manager. */
export function isAppliedBy(live: Properties, manager: string): boolean {
  return listAt(live, "metadata", "managedFields").some(
    (entry) => textAt(entry, "manager") === manager && textAt(entry, "operation") === "Apply",
  );
}

function without(properties: Properties, names: readonly string[]): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name)));
}

function withoutNulls(properties: Properties): Properties {
  const kept = Object.entries(properties).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([name, value]) => [name, cleaned(value)]));
}

function cleaned(value: Value): Value {
  if (isList(value)) return value.map(cleaned);
  return isProperties(value) ? withoutNulls(value) : value;
}
