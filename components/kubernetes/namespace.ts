import * as pulumi from "@pulumi/pulumi";
import { Namespace } from "@pulumi/kubernetes/core/v1/index.js";
import type { Labels } from "../../planning/types.ts";

/**
 * A namespace: its name, known at once, and the resource that makes it.
 * Objects in it name it by the plain name and depend on the resource, so that previews are complete before it exists.
 */
export interface NamespaceHandle {
  readonly name: string;
  readonly resource: pulumi.Resource;
}

/** Labels of objects that belong to a stack but to none of its workloads. */
export function stackLabels(environment: string): Labels {
  return {
    "vllm-stack/environment": environment,
    "app.kubernetes.io/instance": environment,
    "app.kubernetes.io/part-of": "vllm-stack",
  };
}

/**
 * Makes a namespace that refuses every pod outside the Pod Security Standard `restricted`.
 *
 * @see https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function restrictedNamespace(
  resourceName: string,
  name: string,
  labels: Labels,
  opts: pulumi.CustomResourceOptions,
): NamespaceHandle {
  const standard = Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"]),
  );
  const resource = new Namespace(resourceName, { metadata: { name, labels: { ...labels, ...standard } } }, opts);
  return { name, resource };
}
