import type { Operation, SessionContext } from "../clouds/provider.ts";
import { ProviderError } from "../clouds/provider.ts";
import { Secrets } from "../clouds/secrets.ts";
import { propertiesAt, type Properties } from "../clouds/values.ts";
import { ApiServer } from "./api.ts";
import { ApiError, explain, UnreachableError } from "./api-errors.ts";
import { ClusterObjects, UnknownKindError } from "./cluster.ts";
import { readSettings, type Settings } from "./config.ts";

/** What the resources of one provider share: its cluster, what has been told already, and every secret that was met. */
export class KubernetesSession {
  readonly secrets = new Secrets();
  /** Resources whose replacement was found necessary in this run: their old object is still there in a preview. */
  readonly replacing = new Set<string>();
  /** Namespaces a preview found to be missing, which they are until the run is over. */
  readonly missingNamespaces = new Set<string>();
  readonly #context: SessionContext;
  readonly #noted = new Set<string>();
  #connected: { readonly settings: Settings; readonly api: ApiServer } | undefined;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** Takes the provider's arguments and says who answers, and for which cluster. */
  configure(inputs: Properties): void {
    const settings = readSettings(inputs);
    this.#connected = { settings, api: new ApiServer(settings) };
    this.note(`The rehearsal's stand-in for the kubernetes provider plugin works on ${settings.server}.`);
  }

  get settings(): Settings {
    return this.#connection().settings;
  }

  /** The cluster's objects, for one operation. */
  objects(signal: AbortSignal): ClusterObjects {
    return new ClusterObjects(this.#connection().api, signal);
  }

  /** Remembers the secrets of an operation, and what a Secret's data says in plain. */
  remember(operation: Operation, object: Properties): void {
    this.secrets.addAll(operation.secrets);
    if (object.kind !== "Secret") return;
    for (const encoded of Object.values(propertiesAt(object, "data"))) {
      if (typeof encoded === "string") this.secrets.addText(Buffer.from(encoded, "base64").toString());
    }
  }

  /** Says something once. */
  note(message: string): void {
    if (this.#noted.has(message)) return;
    this.#noted.add(message);
    this.#context.log("info", message);
  }

  #connection(): { readonly settings: Settings; readonly api: ApiServer } {
    if (this.#connected !== undefined) return this.#connected;
    throw new ProviderError(
      "The engine connected anew without configuring the kubernetes provider. Run the command again.",
    );
  }
}

/** Does work on an object; what the API server refuses is said with the object's name. */
export async function explained<T>(object: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explanationOf(object, error);
  }
}

/** A refusal of the API server with the name of the object; any other error as it is. */
export function explanationOf(object: string, error: unknown): unknown {
  if (error instanceof ApiError) return new ProviderError(explain(object, error));
  if (error instanceof UnreachableError || error instanceof UnknownKindError) {
    return new ProviderError(`${object}: ${error.message}`);
  }
  return error;
}
