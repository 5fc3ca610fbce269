import type { Path, Properties } from "../clouds/values.ts";
import type { Kind } from "./kinds.ts";

/**
 * Fields that can't be changed in place, by kind.
 * Source: the validation of Kubernetes 1.36 (the validation packages of each API group), 2026-11-20.
 */
const IMMUTABLE: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ["roleRef"],
  DaemonSet: ["spec.selector"],
  Deployment: ["spec.selector"],
  IngressClass: ["spec.controller"],
  Job: ["spec.template", "spec.selector", "spec.completionMode"],
  PersistentVolumeClaim: [
    "spec.accessModes",
    "spec.selector",
    "spec.storageClassName",
    "spec.volumeMode",
    "spec.volumeName",
  ],
  Pod: ["spec"],
  PriorityClass: ["value", "preemptionPolicy"],
  ReplicaSet: ["spec.selector"],
  RoleBinding: ["roleRef"],
  RuntimeClass: ["handler"],
  Secret: ["type"],
  Service: ["spec.clusterIP"],
  StatefulSet: ["spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"],
  StorageClass: ["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode", "mountOptions"],
};

/** Changes of these fields make another object. */
const IDENTITY = ["apiVersion", "kind", "metadata.name", "metadata.namespace"];

/** Whether the field says which object it is. The version of an API is none of it, its group is. */
export function isIdentity(changed: Path): boolean {
  return isUnder(changed, IDENTITY);
}

/** Kinds whose data may be changed in place; see {@link mutableKinds}. */
export type MutableKinds = ReadonlySet<string>;

/** What a ConfigMap or Secret holds. */
const DATA = ["binaryData", "data", "stringData"];

/** The provider's arguments that let the data of a kind be changed in place. */
const MUTABLE_BY = { ConfigMap: "enableConfigMapMutable", Secret: "enableSecretMutable" } as const;

/** Kinds whose data the provider changes in place: like the published one it replaces ConfigMaps and Secrets unless told. */
export function mutableKinds(providerInputs: Properties): MutableKinds {
  const allowed = Object.entries(MUTABLE_BY).filter(([, argument]) =>
    // The SDK sends booleans as JSON.
    [true, "true"].some((yes) => providerInputs[argument] === yes),
  );
  return new Set(allowed.map(([kind]) => kind));
}

/** Whether the field is data that is changed by replacing its ConfigMap or Secret. */
export function isFrozenData({ kind }: Kind, changed: Path, before: Properties, mutable: MutableKinds): boolean {
  if (!Object.hasOwn(MUTABLE_BY, kind)) return false;
  if (before.immutable === true) return isUnder(changed, [...DATA, "immutable"]);
  return !mutable.has(kind) && isUnder(changed, DATA);
}

/** Whether a change of the field needs another object, as far as this table knows. */
export function isImmutable(kind: Kind, changed: Path, before: Properties, mutable: MutableKinds): boolean {
  return (
    isIdentity(changed) || isFrozenData(kind, changed, before, mutable) || isUnder(changed, IMMUTABLE[kind.kind] ?? [])
  );
}

function isUnder(changed: Path, fields: readonly string[]): boolean {
  const name = changed.join(".");
  return fields.some((field) => name === field || name.startsWith(`${field}.`));
}
