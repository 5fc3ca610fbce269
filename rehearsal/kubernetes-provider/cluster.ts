import { isProperties, listAt, textAt, type Properties } from "../clouds/values.ts";
import { basePath, parseObject, type ApiServer, type ServedKind } from "./api.ts";
import { ApiError } from "./api-errors.ts";
import type { Kind } from "./kinds.ts";

/** Longest time for one change, retries included. */
const CHANGE_MILLISECONDS = 90_000;

/** Where an object is found. */
export interface Locator extends Kind {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** An object the API server returned, and what it warned of. */
export interface Written {
  readonly object: Properties;
  readonly warnings: readonly string[];
}

/** How an object is applied. */
export interface ApplyOptions {
  readonly manager: string;
  /** Takes fields from other managers. */
  readonly force: boolean;
  /** Only validates, and returns what would be. */
  readonly dryRun: boolean;
}

/** This API server doesn't know the kind, because its CRD isn't installed. */
export class UnknownKindError extends Error {
  override readonly name = "UnknownKindError";

  constructor({ apiVersion, kind }: Kind) {
    super(`The cluster has no ${kind} of ${apiVersion}. Install what defines it, and let this object depend on it.`);
  }
}

/** Objects of a cluster: the few verbs the stand-in needs, for every kind the cluster serves. */
export class ClusterObjects {
  readonly #api: ApiServer;
  readonly #signal: AbortSignal;

  constructor(api: ApiServer, signal: AbortSignal) {
    this.#api = api;
    this.#signal = signal;
  }

  /** The object, or `undefined` if it, its namespace or its kind isn't there. */
  async get(locator: Locator): Promise<Properties | undefined> {
    const served = await this.#api.discover(locator, this.#signal);
    if (served === undefined) return undefined;
    try {
      const path = pathOf(locator, served);
      return parseObject((await this.#api.send({ method: "GET", path, signal: this.#signal })).text);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return undefined;
      throw error;
    }
  }

  /** Applies an object on the server's side; it is made if it isn't there. */
  async apply(object: Properties, { manager, force, dryRun }: ApplyOptions): Promise<Written> {
    const locator = locatorOf(object);
    const { text, warnings } = await this.#api.send({
      method: "PATCH",
      path: pathOf(locator, await this.#served(locator)),
      query: {
        fieldManager: manager,
        force: String(force),
        fieldValidation: "Strict",
        ...(dryRun ? { dryRun: "All" } : {}),
      },
      // JSON is YAML, the media type's only form that every version takes.
      contentType: "application/apply-patch+yaml",
      body: object,
      signal: dryRun ? this.#signal : finishing(),
    });
    return { object: parseObject(text), warnings };
  }

  /** Lets the server validate an object as a new one, without making it. One of the same name doesn't matter. */
  async validate(object: Properties): Promise<readonly string[]> {
    const locator = locatorOf(object);
    const served = await this.#served(locator);
    try {
      const { warnings } = await this.#api.send({
        method: "POST",
        path: collectionOf(locator, served),
        query: { dryRun: "All", fieldValidation: "Strict" },
        body: object,
        signal: this.#signal,
      });
      return warnings;
    } catch (error) {
      // Names are looked up after everything else has been found valid.
      if (error instanceof ApiError && error.reason === "AlreadyExists") return [];
      throw error;
    }
  }

  /** Asks for the deletion of an object. Says whether there was one. */
  async delete(locator: Locator, propagationPolicy: string): Promise<boolean> {
    const served = await this.#api.discover(locator, this.#signal);
    if (served === undefined) return false;
    try {
      await this.#api.send({
        method: "DELETE",
        path: pathOf(locator, served),
        body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy },
        signal: finishing(),
      });
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return false;
      throw error;
    }
  }

  /** Objects of a kind in a namespace, or everywhere. None if the cluster doesn't serve the kind. */
  async list(
    kind: Kind,
    namespace: string | undefined,
    query: Readonly<Record<string, string>> = {},
  ): Promise<readonly Properties[]> {
    const served = await this.#api.discover(kind, this.#signal);
    if (served === undefined) return [];
    const path = collectionOf({ ...kind, namespace, name: "" }, served);
    const answer = parseObject((await this.#api.send({ method: "GET", path, query, signal: this.#signal })).text);
    return listAt(answer, "items").filter(isProperties);
  }

  /** The last lines a container wrote; empty if there are none to be had. */
  async logs(namespace: string, pod: string, query: Readonly<Record<string, string>>): Promise<string> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
    try {
      const { text } = await this.#api.send({ method: "GET", path, query, signal: this.#signal });
      // The node answers for a container it has removed with this text instead of an error.
      return text.startsWith("unable to retrieve container logs") ? "" : text.trim();
    } catch (error) {
      if (error instanceof ApiError) return "";
      throw error;
    }
  }

  /** Whether objects of the kind live in namespaces; `undefined` if the cluster doesn't serve the kind. */
  async isNamespaced(kind: Kind): Promise<boolean | undefined> {
    return (await this.#api.discover(kind, this.#signal))?.namespaced;
  }

  async #served(kind: Kind): Promise<ServedKind> {
    const served = await this.#api.discover(kind, this.#signal);
    if (served === undefined) throw new UnknownKindError(kind);
    return served;
  }
}

/** A change that was sent is waited for even when the run is cancelled: otherwise nobody would know whether it was made. */
function finishing(): AbortSignal {
  return AbortSignal.timeout(CHANGE_MILLISECONDS);
}

/** Where an object is found. */
export function locatorOf(object: Properties): Locator {
  return {
    apiVersion: textAt(object, "apiVersion") ?? "",
    kind: textAt(object, "kind") ?? "",
    namespace: textAt(object, "metadata", "namespace"),
    name: textAt(object, "metadata", "name") ?? "",
  };
}

function collectionOf({ apiVersion, namespace }: Locator, { plural, namespaced }: ServedKind): string {
  const scope = namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${basePath(apiVersion)}${scope}/${plural}`;
}

function pathOf(locator: Locator, served: ServedKind): string {
  return `${collectionOf(locator, served)}/${encodeURIComponent(locator.name)}`;
}
