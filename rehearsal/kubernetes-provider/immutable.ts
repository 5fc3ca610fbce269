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

/** Whether a change of the field needs another object, as far as this table knows. */
export function isImmutable({ kind }: Kind, changed: Path, before: Properties): boolean {
  const frozen = (kind === "Secret" || kind === "ConfigMap") && before.immutable === true;
  if (frozen && isUnder(changed, ["data", "stringData", "binaryData", "immutable"])) return true;
  return isIdentity(changed) || isUnder(changed, IMMUTABLE[kind] ?? []);
}

function isUnder(changed: Path, fields: readonly string[]): boolean {
  const name = changed.join(".");
  return fields.some((field) => name === field || name.startsWith(`${field}.`));
}
