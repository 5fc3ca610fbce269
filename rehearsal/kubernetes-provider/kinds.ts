import { ProviderError } from "../clouds/provider.ts";
import { textAt, type Properties } from "../clouds/values.ts";

/** A kind of object as the Kubernetes API names it. */
export interface Kind {
  /** `v1`, `apps/v1`, `monitoring.coreos.com/v1`. */
  readonly apiVersion: string;
  /** `Deployment` */
  readonly kind: string;
}

/** Type token of Helm releases, the one resource that is not a Kubernetes object. */
export const RELEASE = "kubernetes:helm.sh/v3:Release";

/** Groups of the SDK that are helpers of the provider and no part of the Kubernetes API. */
const HELPERS = ["helm.sh/", "meta/", "yaml/", "yaml", "kustomize/", "index"];

/**
 * The kind a type token of `@pulumi/kubernetes` stands for, `kubernetes:core/v1:Pod` or `kubernetes:example.com/v1:Widget`.
 * @returns `undefined` for what is no Kubernetes object
 */
export function kindOfToken(token: string): Kind | undefined {
  const [provider, group, kind] = token.split(":");
  if (provider !== "kubernetes" || group === undefined || kind === undefined || kind === "") return undefined;
  if (HELPERS.some((helper) => (helper.endsWith("/") ? group.startsWith(helper) : group === helper))) return undefined;
  // The SDK calls the group without a name "core".
  return { apiVersion: group.startsWith("core/") ? group.slice("core/".length) : group, kind };
}

/**
 * The kind of an object with its token, when the two fit.
 * @throws {@link ProviderError} for lists and patches of the SDK and for contradictions
 */
export function kindOf(token: string, inputs: Properties): Kind {
  const expected = kindOfToken(token);
  if (expected === undefined)
    throw new ProviderError(`${token} is no Kubernetes object: register its objects instead.`);
  const kind = textAt(inputs, "kind") ?? expected.kind;
  const apiVersion = textAt(inputs, "apiVersion") ?? expected.apiVersion;
  if (expected.kind === `${kind}Patch`) {
    throw new ProviderError(
      `${expected.kind}: patches of objects that others own are not supported in a rehearsal. Register the object itself.`,
    );
  }
  if (kind.endsWith("List") && inputs.items !== undefined) {
    throw new ProviderError(`${kind}: lists are not supported in a rehearsal. Register each object on its own.`);
  }
  if (kind !== expected.kind || apiVersion !== expected.apiVersion) {
    throw new ProviderError(
      `${apiVersion} ${kind} – contradicts the resource type ${expected.apiVersion} ${expected.kind}. Leave apiVersion and kind out.`,
    );
  }
  return { apiVersion, kind };
}

/** The group of an API version; empty for the core group. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
}

/**
 * Kinds that live outside namespaces, with their group. Used where no API server can be asked.
 * Source: `kubectl api-resources --namespaced=false` of Kubernetes 1.36 and the CRDs the project uses (2026-11-20).
 */
const CLUSTER_SCOPED = new Set([
  "/Namespace",
  "/Node",
  "/PersistentVolume",
  "admissionregistration.k8s.io/MutatingAdmissionPolicy",
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/MutatingWebhookConfiguration",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
  "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
  "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
  "apiextensions.k8s.io/CustomResourceDefinition",
  "apiregistration.k8s.io/APIService",
  "certificates.k8s.io/CertificateSigningRequest",
  "certificates.k8s.io/ClusterTrustBundle",
  "flowcontrol.apiserver.k8s.io/FlowSchema",
  "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
  "gateway.networking.k8s.io/GatewayClass",
  "karpenter.k8s.aws/EC2NodeClass",
  "karpenter.sh/NodeClaim",
  "karpenter.sh/NodePool",
  "keda.sh/ClusterTriggerAuthentication",
  "networking.k8s.io/IPAddress",
  "networking.k8s.io/IngressClass",
  "networking.k8s.io/ServiceCIDR",
  "node.k8s.io/RuntimeClass",
  "rbac.authorization.k8s.io/ClusterRole",
  "rbac.authorization.k8s.io/ClusterRoleBinding",
  "resource.k8s.io/DeviceClass",
  "resource.k8s.io/DeviceTaintRule",
  "resource.k8s.io/ResourceSlice",
  "scheduling.k8s.io/PriorityClass",
  "storage.k8s.io/CSIDriver",
  "storage.k8s.io/CSINode",
  "storage.k8s.io/StorageClass",
  "storage.k8s.io/VolumeAttachment",
  "storage.k8s.io/VolumeAttributesClass",
]);

/** Whether objects of the kind live in a namespace, as far as this table knows: unknown kinds do. */
export function isUsuallyNamespaced({ apiVersion, kind }: Kind): boolean {
  return !CLUSTER_SCOPED.has(`${groupOf(apiVersion)}/${kind}`);
}
