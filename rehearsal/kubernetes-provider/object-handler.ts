import { setTimeout } from "node:timers/promises";

import type {
  CheckRequest,
  CheckResult,
  CreateRequest,
  CreateResult,
  DiffRequest,
  DiffResult,
  ReadRequest,
  ReadResult,
  ResourceHandler,
  UpdateRequest,
  UpdateResult,
} from "../clouds/provider.ts";
import { containsUnknown, sameValue, textAt, type Properties } from "../clouds/values.ts";
import { ApiError, UnreachableError } from "./api-errors.ts";
import { readinessOf, waitUntilReady } from "./await.ts";
import { locatorOf, UnknownKindError, type ClusterObjects, type Written } from "./cluster.ts";
import { deleteObject } from "./deletion.ts";
import { effectiveDifferences, inputDifferences, isAnotherObject, replacingDifferences } from "./differences.ts";
import { driftedInputs } from "./drift.ts";
import { isUsuallyNamespaced, kindOf, type Kind } from "./kinds.ts";
import { complete, describeObject, idOf, splitId } from "./naming.ts";
import { importedInputs, managerOf, manifestOf, outputsOf } from "./objects.ts";
import { isForced, previewCreate, previewUpdate, refuseForeign, warn } from "./preview.ts";
import { explained, type KubernetesSession } from "./session.ts";
import { expectationsOf, timeoutOf } from "./wait-for.ts";

/** How long an API is waited for whose CRD was installed a moment ago, or a service account of a new namespace. */
const SETTLING_MILLISECONDS = 10_000;

/** The handler of one kind of object, on the cluster of a session. */
export function objectHandler(type: string, session: KubernetesSession): ResourceHandler {
  return {
    ...(type === "kubernetes:core/v1:Secret" ? { secretProperties: ["data", "stringData"] } : {}),
    check: (request) => check(type, request, session),
    diff: (request) => diff(type, request, session),
    create: (request) => create(request, session),
    previewCreate: (request) => previewCreate(request, session),
    read: (request) => read(type, request, session),
    update: (request) => update(request, session),
    previewUpdate: (request) => previewUpdate(request, session),
    delete: (request) => deleteObject(request, session),
  };
}

async function check(type: string, request: CheckRequest, session: KubernetesSession): Promise<CheckResult> {
  const kind = kindOf(type, request.inputs);
  const namespaced = await isNamespaced(kind, session.objects(request.signal));
  const result = complete(request, kind, { namespaced, defaultNamespace: session.settings.namespace });
  const expectations = expectationsOf(result.inputs);
  if (typeof expectations !== "string") return result;
  const path = ["metadata", "annotations", "pulumi.com/waitFor"];
  return { ...result, failures: [...(result.failures ?? []), { path, reason: expectations }] };
}

async function diff(type: string, request: DiffRequest, session: KubernetesSession): Promise<DiffResult> {
  const { urn, oldInputs, oldOutputs, inputs, signal } = request;
  const kind = kindOf(type, inputs);
  const result = (differences: DiffResult["differences"]): DiffResult => {
    if (differences.some(({ replaces }) => replaces)) session.replacing.add(urn);
    // Two objects can't have the same name, not even while one replaces the other.
    return { differences, deleteBeforeReplace: idOf(oldInputs) === idOf(inputs) };
  };
  if (sameValue(oldInputs, inputs)) return result([]);
  const { mutable } = session.settings;
  const byInputs = inputDifferences(kind, oldInputs, inputs, mutable);
  if (containsUnknown(inputs) || isAnotherObject(oldInputs, inputs)) return result(byInputs);
  const objects = session.objects(signal);
  const manifest = manifestOf(inputs);
  return await explained(describeObject(kind, inputs), async () => {
    try {
      const live = await objects.get(locatorOf(manifest));
      if (live === undefined) return result(byInputs);
      const dryRun = { manager: managerOf(urn, oldOutputs), force: true, dryRun: true };
      const { object: applied } = await objects.apply(manifest, dryRun);
      return result(effectiveDifferences(live, applied, inputs, mutable));
    } catch (error) {
      if (error instanceof UnreachableError) return result(byInputs);
      if (!(error instanceof ApiError) || error.immutableFields.length === 0) throw error;
      return result(replacingDifferences(kind, oldInputs, inputs, error.immutableFields));
    }
  });
}

async function create(request: CreateRequest, session: KubernetesSession): Promise<CreateResult> {
  const { inputs, urn, log, signal } = request;
  const manifest = manifestOf(inputs);
  const name = describeObject(locatorOf(manifest), manifest);
  const objects = session.objects(signal);
  const manager = managerOf(urn);
  session.remember(request, inputs);
  return await explained(name, async () => {
    const existing = await objects.get(locatorOf(manifest));
    if (existing !== undefined) {
      refuseForeign(existing, manager, name, session);
      log("info", `${name} exists already and is taken over.`);
    }
    const force = existing !== undefined || isForced(manifest, session);
    const { object, warnings } = await settled(
      () => objects.apply(manifest, { manager, force, dryRun: false }),
      signal,
    );
    warn(request, name, warnings);
    return { id: idOf(object), ...(await ready(object, manager, request, session)) };
  });
}

async function update(request: UpdateRequest, session: KubernetesSession): Promise<UpdateResult> {
  const { inputs, oldOutputs, urn, signal } = request;
  const manifest = manifestOf(inputs);
  const name = describeObject(locatorOf(manifest), manifest);
  const manager = managerOf(urn, oldOutputs);
  session.remember(request, inputs);
  return await explained(name, async () => {
    const force = isForced(manifest, session);
    const { object, warnings } = await session.objects(signal).apply(manifest, { manager, force, dryRun: false });
    warn(request, name, warnings);
    return await ready(object, manager, request, session);
  });
}

async function read(type: string, request: ReadRequest, session: KubernetesSession): Promise<ReadResult | undefined> {
  const { id, inputs, outputs, urn, signal } = request;
  const kind = kindOf(type, inputs);
  const locator = { ...kind, ...splitId(id) };
  const objects = session.objects(signal);
  session.remember(request, outputs);
  return await explained(describeObject(kind, { metadata: splitId(id) }), async () => {
    const live = await objects.get(locator);
    // What is being deleted is gone for whoever wants to use it.
    if (live === undefined || textAt(live, "metadata", "deletionTimestamp") !== undefined) return undefined;
    const manager = managerOf(urn, outputs);
    const verdict = await readinessOf(live, objects);
    return {
      id: idOf(live),
      outputs: outputsOf(live, manager),
      inputs:
        Object.keys(inputs).length === 0 ? importedInputs(live) : await currentInputs(inputs, live, manager, objects),
      initErrors: verdict.state === "ready" ? [] : [`${describeObject(kind, live)}: ${verdict.message}`],
    };
  });
}

/** The inputs as the live object has them. */
async function currentInputs(
  inputs: Properties,
  live: Properties,
  manager: string,
  objects: ClusterObjects,
): Promise<Properties> {
  try {
    const { object: applied } = await objects.apply(manifestOf(inputs), { manager, force: true, dryRun: true });
    return driftedInputs(inputs, applied, live);
  } catch (error) {
    // The live object differs in a field that can't be changed: somebody made another one of the same name.
    if (error instanceof ApiError && error.immutableFields.length > 0) return driftedInputs(inputs, inputs, live);
    throw error;
  }
}

async function ready(
  object: Properties,
  manager: string,
  request: CreateRequest | UpdateRequest,
  session: KubernetesSession,
): Promise<UpdateResult> {
  const { live, problems } = await waitUntilReady(object, {
    objects: session.objects(request.signal),
    operation: request,
    secrets: session.secrets,
    timeoutSeconds: timeoutOf(object, request.timeoutSeconds),
  });
  return { outputs: outputsOf(live, manager), initErrors: problems };
}

/** Applies again while something the object needs settles that another resource of this run has just made. */
async function settled(apply: () => Promise<Written>, signal: AbortSignal): Promise<Written> {
  const deadline = Date.now() + SETTLING_MILLISECONDS;
  for (;;) {
    try {
      return await apply();
    } catch (error) {
      const settling =
        error instanceof UnknownKindError ||
        (error instanceof ApiError && error.code === 403 && /serviceaccount "[^"]*" not found/.test(error.message));
      if (!settling || Date.now() > deadline) throw error;
    }
    await setTimeout(500, undefined, { signal });
  }
}

/** Asks the cluster only about kinds that aren't part of Kubernetes. */
async function isNamespaced(kind: Kind, objects: ClusterObjects): Promise<boolean> {
  const builtIn = !kind.apiVersion.includes(".") || kind.apiVersion.includes(".k8s.io/");
  if (builtIn) return isUsuallyNamespaced(kind);
  try {
    return (await objects.isNamespaced(kind)) ?? isUsuallyNamespaced(kind);
  } catch (error) {
    if (error instanceof UnreachableError) return isUsuallyNamespaced(kind);
    throw error;
  }
}
