import { ProviderError, type CreateRequest, type Operation, type UpdateRequest } from "../clouds/provider.ts";
import { containsUnknown, propertiesAt, textAt, UNKNOWN, withValueAt, type Properties } from "../clouds/values.ts";
import { ApiError, UnreachableError } from "./api-errors.ts";
import { locatorOf, UnknownKindError, type ClusterObjects } from "./cluster.ts";
import { describeObject } from "./naming.ts";
import { isAppliedBy, managerOf, manifestOf, outputsOf } from "./objects.ts";
import { explained, type KubernetesSession } from "./session.ts";
import { annotation } from "./wait-for.ts";

/**
 * What can be said about an object before it is made: the API server validates it without making it. Where that isn't
 * possible yet, because values, the namespace, the kind or the whole cluster are still to come, the output says so.
 */
export async function previewCreate(request: CreateRequest, session: KubernetesSession): Promise<Properties> {
  const { inputs, urn, signal } = request;
  if (containsUnknown(inputs)) return withUnknowns(inputs);
  const manifest = manifestOf(inputs);
  const name = describeObject(locatorOf(manifest), manifest);
  const objects = session.objects(signal);
  const manager = managerOf(urn);
  return await explained(name, async () => {
    try {
      const missing = session.missingNamespaces.has(textAt(manifest, "metadata", "namespace") ?? "");
      const existing = missing ? undefined : await objects.get(locatorOf(manifest));
      if (existing === undefined || session.replacing.has(urn))
        return await validated(manifest, objects, request, session);
      refuseForeign(existing, manager, name, session);
      const { object, warnings } = await objects.apply(manifest, { manager, force: true, dryRun: true });
      warn(request, name, warnings);
      return withUnknowns(outputsOf(object, manager));
    } catch (error) {
      const reason = whyNotValidated(error);
      if (reason === undefined) throw error;
      session.note(reason);
      return withUnknowns(inputs);
    }
  });
}

/** What an update would make of the object, validated by the API server. */
export async function previewUpdate(request: UpdateRequest, session: KubernetesSession): Promise<Properties> {
  const { inputs, oldOutputs, urn, signal } = request;
  const merged = { ...oldOutputs, ...inputs };
  if (containsUnknown(inputs)) return merged;
  const manifest = manifestOf(inputs);
  const name = describeObject(locatorOf(manifest), manifest);
  const manager = managerOf(urn, oldOutputs);
  return await explained(name, async () => {
    try {
      const force = isForced(manifest, session);
      const { object, warnings } = await session.objects(signal).apply(manifest, { manager, force, dryRun: true });
      warn(request, name, warnings);
      return outputsOf(object, manager);
    } catch (error) {
      const reason = whyNotValidated(error);
      if (reason === undefined) throw error;
      session.note(reason);
      return merged;
    }
  });
}

/** Whether fields are taken from other managers. */
export function isForced(object: Properties, { settings }: KubernetesSession): boolean {
  return settings.force || annotation(object, "patchForce") === "true";
}

/**
 * Refuses to take over what others made.
 * @throws ProviderError unless an interrupted run of the same resource made it, or taking over is allowed
 */
export function refuseForeign(existing: Properties, manager: string, name: string, session: KubernetesSession): void {
  if (isAppliedBy(existing, manager) || session.settings.upsert) return;
  throw new ProviderError(`${name} exists already. Import it, delete it, or choose another name.`);
}

/** Passes on what the API server warns of. */
export function warn(operation: Operation, name: string, warnings: readonly string[]): void {
  for (const warning of warnings) operation.log("warning", `${name}: ${warning}`);
}

/** Validates a new object; in the namespace `default` if its own doesn't exist yet. */
async function validated(
  manifest: Properties,
  objects: ClusterObjects,
  request: CreateRequest,
  session: KubernetesSession,
): Promise<Properties> {
  const name = describeObject(locatorOf(manifest), manifest);
  const namespace = textAt(manifest, "metadata", "namespace") ?? "";
  if (!session.missingNamespaces.has(namespace)) {
    try {
      if (session.replacing.has(request.urn)) {
        warn(request, name, await objects.validate(manifest));
        return withUnknowns(manifest);
      }
      const manager = managerOf(request.urn);
      const { object, warnings } = await objects.apply(manifest, { manager, force: true, dryRun: true });
      warn(request, name, warnings);
      return withUnknowns(outputsOf(object, manager));
    } catch (error) {
      if (!(error instanceof ApiError) || error.missingNamespace === undefined) throw error;
      session.missingNamespaces.add(namespace);
      session.note(
        `Namespace ${namespace} does not exist yet: its objects were validated as if they were in "default", ` +
          `without its quotas and its pod security.`,
      );
    }
  }
  warn(request, name, await objects.validate(withValueAt(manifest, ["metadata", "namespace"], "default")));
  return withUnknowns(manifest);
}

/** Why the API server couldn't validate, or `undefined` if it did and refused. */
function whyNotValidated(error: unknown): string | undefined {
  if (error instanceof UnreachableError) return `Nothing was validated by the API server: ${error.message}`;
  if (error instanceof UnknownKindError) return `Not validated by the API server: ${error.message}`;
  return undefined;
}

/** What the cluster decides when the object is made. */
function withUnknowns(object: Properties): Properties {
  let outputs = withoutStatus(object);
  for (const field of ["uid", "resourceVersion", "creationTimestamp", "generation"]) {
    outputs = withValueAt(outputs, ["metadata", field], UNKNOWN);
  }
  if (outputs.kind !== "Service" || propertiesAt(object, "spec").clusterIP === "None") return outputs;
  return withValueAt(withValueAt(outputs, ["spec", "clusterIP"], UNKNOWN), ["spec", "clusterIPs"], UNKNOWN);
}

function withoutStatus(object: Properties): Properties {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== "status"));
}
