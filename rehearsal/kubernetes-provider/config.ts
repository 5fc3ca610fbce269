import { existsSync, readFileSync } from "node:fs";

import { KubeConfig } from "@kubernetes/client-node";

import { compare } from "../clouds/compare.ts";
import { ProviderError, type CheckFailure, type DiffRequest, type DiffResult } from "../clouds/provider.ts";
import { textAt, type Properties } from "../clouds/values.ts";
import { mutableKinds, type MutableKinds } from "./immutable.ts";

/** A provider's arguments, understood. */
export interface Settings {
  readonly kubeConfig: KubeConfig;
  /** Address of the API server, for messages. */
  readonly server: string;
  /** Namespace of objects that name none. */
  readonly namespace: string;
  /** Takes fields from other managers by force. */
  readonly force: boolean;
  /** Takes over objects that exist already. */
  readonly upsert: boolean;
  /** Kinds whose data is changed in place. */
  readonly mutable: MutableKinds;
  /** Forgets objects of a cluster that can't be reached instead of failing to delete them. */
  readonly deleteUnreachable: boolean;
}

/**
 * Understands the arguments of `new k8s.Provider(…)`: a kubeconfig as text or as a path, else the user's own.
 * @throws ProviderError if there is none, if it can't be read, or if it lacks the context. Its content is never quoted.
 */
export function readSettings(inputs: Properties): Settings {
  const kubeConfig = loadKubeConfig(textAt(inputs, "kubeconfig"));
  const context = textAt(inputs, "context");
  if (context !== undefined && context !== "") {
    const known = kubeConfig.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      const remedy = known.length === 0 ? "The kubeconfig has none." : `The kubeconfig has: ${known.join(", ")}.`;
      throw new ProviderError(`context: ${context} – not in the kubeconfig. ${remedy}`);
    }
    kubeConfig.setCurrentContext(context);
  }
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) {
    throw new ProviderError(
      "kubeconfig: no current context with a cluster. Set current-context, or the provider's context.",
    );
  }
  const contextNamespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
  return {
    kubeConfig,
    server: cluster.server,
    namespace: textAt(inputs, "namespace") ?? contextNamespace ?? "default",
    force: isOn(inputs, "enablePatchForce"),
    upsert: isOn(inputs, "upsertExistingObjects"),
    mutable: mutableKinds(inputs),
    deleteUnreachable: isOn(inputs, "deleteUnreachable"),
  };
}

/** What is wrong with the arguments, for those that are known. */
export function checkSettings(inputs: Properties): readonly CheckFailure[] {
  const unknown = [inputs.kubeconfig, inputs.context].some((value) => typeof value === "symbol");
  if (unknown) return [];
  try {
    readSettings(inputs);
    return [];
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return [{ path: [error.message.startsWith("context") ? "context" : "kubeconfig"], reason: error.message }];
  }
}

/**
 * What changed arguments mean: another cluster replaces everything in it, another way to reach the same one nothing.
 * Two identifiers decide it; without them, the address of the API server.
 */
export function diffSettings({ oldInputs, inputs }: DiffRequest): DiffResult {
  const before = textAt(oldInputs, "clusterIdentifier");
  const after = textAt(inputs, "clusterIdentifier");
  const moved =
    before !== undefined && after !== undefined ? before !== after : serverOf(oldInputs) !== serverOf(inputs);
  const deciding = new Set(["clusterIdentifier", "kubeconfig", "context"]);
  return { differences: compare(oldInputs, inputs, ([argument]) => moved && deciding.has(String(argument))) };
}

/** The API server's address; `undefined` if it isn't known. */
function serverOf(inputs: Properties): string | undefined {
  try {
    return readSettings(inputs).server;
  } catch {
    return undefined;
  }
}

function loadKubeConfig(given: string | undefined): KubeConfig {
  const kubeConfig = new KubeConfig();
  if (given === undefined || given === "") {
    kubeConfig.loadFromDefault();
    return kubeConfig;
  }
  const isPath = !given.includes("\n") && !given.trimStart().startsWith("{");
  if (isPath && !existsSync(given)) {
    throw new ProviderError("kubeconfig: neither the content of a kubeconfig nor the path of one that exists.");
  }
  const text = isPath ? readFileSync(given, "utf8") : given;
  try {
    kubeConfig.loadFromString(text);
  } catch (error) {
    // The parser's message quotes the lines around the mistake, which may hold credentials.
    const message = error instanceof Error ? error.message : "";
    const harmless = /^[\w.[\]]+ is missing$|(?<=\()\d+(?=:\d+\))/.exec(message)?.[0];
    const where = harmless === undefined ? "" : ` (${/^\d/.test(harmless) ? `line ${harmless}` : harmless})`;
    throw new ProviderError(`kubeconfig: not readable as a kubeconfig${where}.`);
  }
  return kubeConfig;
}

/** The SDK sends everything but texts as JSON. */
function isOn(inputs: Properties, name: string): boolean {
  return inputs[name] === true || inputs[name] === "true";
}
