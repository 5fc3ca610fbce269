import http from "node:http";
import https from "node:https";
import { setTimeout } from "node:timers/promises";

import { isProperties, listAt, textAt, type Properties } from "../clouds/values.ts";
import { ApiError, UnreachableError } from "./api-errors.ts";
import type { Settings } from "./config.ts";
import type { Kind } from "./kinds.ts";

/** A request to the API server. */
export interface ApiRequest {
  readonly method: "GET" | "PATCH" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Properties;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

/** Its answer. */
export interface ApiAnswer {
  /** The text of the body: JSON, except for logs. */
  readonly text: string;
  /** Warnings of the API server, such as uses of deprecated versions. */
  readonly warnings: readonly string[];
}

/** How a kind is served. */
export interface ServedKind {
  /** Name in URLs: `deployments`. */
  readonly plural: string;
  readonly namespaced: boolean;
}

/** One request takes no longer; admission webhooks have at most 30 seconds. */
const REQUEST_MILLISECONDS = 60_000;

/** Waiting times before a request is sent again, after connection errors and answers that ask for it. */
const RETRIES_MILLISECONDS = [200, 500, 1_000, 2_000];

/** How long a server without an answer is asked only once: many resources wait for the same one. */
const UNREACHABLE_MILLISECONDS = 10_000;

/** How long the absence of a kind is believed: a CRD may be installed at any moment. */
const ABSENCE_MILLISECONDS = 1_000;

/** The API server of one cluster, with the credentials of a kubeconfig. */
export class ApiServer {
  readonly server: string;
  readonly #settings: Settings;
  readonly #agent: http.Agent;
  #unreachableUntil = 0;
  readonly #discovered = new Map<string, { readonly at: number; readonly kinds: Promise<Map<string, ServedKind>> }>();

  constructor(settings: Settings) {
    this.server = settings.server;
    this.#settings = settings;
    this.#agent = settings.server.startsWith("https:")
      ? new https.Agent({ keepAlive: true })
      : new http.Agent({ keepAlive: true });
  }

  /**
   * Sends a request, again if the connection breaks or the server asks for it.
   * @throws {@link ApiError} if it is refused, {@link UnreachableError} if there is no answer
   */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    const retries = Date.now() < this.#unreachableUntil ? [] : RETRIES_MILLISECONDS;
    for (const pause of [...retries, undefined]) {
      const outcome = await this.#sendOnce(request).catch((error: unknown) => {
        if (request.signal.aborted) throw error;
        return { failure: error };
      });
      if (!("failure" in outcome)) {
        const { code, text, warnings } = outcome;
        if (code < 400) return { text, warnings };
        if (pause === undefined || (code !== 429 && code !== 503)) {
          throw new ApiError(code, parseObject(text), `${code} ${text.slice(0, 200)}`);
        }
      } else if (pause === undefined) {
        const { failure } = outcome;
        this.#unreachableUntil = Date.now() + UNREACHABLE_MILLISECONDS;
        throw new UnreachableError(this.server, failure instanceof Error ? describeFailure(failure) : String(failure));
      }
      await setTimeout(pause, undefined, { signal: request.signal });
    }
    throw new UnreachableError(this.server, "no answer");
  }

  /** How the kind is served, or `undefined` if this API server doesn't know it. */
  async discover(kind: Kind, signal: AbortSignal): Promise<ServedKind | undefined> {
    const { apiVersion } = kind;
    const known = this.#discovered.get(apiVersion);
    const found = known === undefined ? undefined : (await known.kinds).get(kind.kind);
    if (found !== undefined) return found;
    if (known !== undefined && Date.now() - known.at < ABSENCE_MILLISECONDS) return undefined;
    const kinds = this.#list(apiVersion, signal);
    this.#discovered.set(apiVersion, { at: Date.now(), kinds });
    try {
      return (await kinds).get(kind.kind);
    } catch (error) {
      this.#discovered.delete(apiVersion);
      throw error;
    }
  }

  async #list(apiVersion: string, signal: AbortSignal): Promise<Map<string, ServedKind>> {
    try {
      const answer = parseObject((await this.send({ method: "GET", path: basePath(apiVersion), signal })).text);
      return new Map(
        listAt(answer, "resources").flatMap((resource) => {
          const plural = textAt(resource, "name") ?? "";
          // Names with a slash are subresources, like deployments/scale.
          if (!isProperties(resource) || plural.includes("/")) return [];
          return [[textAt(resource, "kind") ?? "", { plural, namespaced: resource.namespaced === true }]];
        }),
      );
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) return new Map();
      throw error;
    }
  }

  async #sendOnce(request: ApiRequest): Promise<ApiAnswer & { readonly code: number }> {
    const url = new URL(`${this.server.replace(/\/$/, "")}${request.path}`);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const options: https.RequestOptions = {
      method: request.method,
      headers: {
        accept: "application/json",
        "user-agent": "pulumi-vllm-stack-rehearsal",
        ...(body === undefined
          ? {}
          : { "content-type": request.contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
      },
      timeout: REQUEST_MILLISECONDS,
    };
    await this.#settings.kubeConfig.applyToHTTPSOptions(options);
    if (this.#settings.kubeConfig.getCurrentCluster()?.proxyUrl === undefined) options.agent = this.#agent;
    return await exchange(url, { ...options, signal: request.signal }, body);
  }
}

/** The start of the URLs of a group and version. */
export function basePath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

/** The object in an answer; an empty one if it holds something else. */
export function parseObject(text: string): Properties {
  try {
    const parsed: unknown = JSON.parse(text);
    return isProperties(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

async function exchange(
  url: URL,
  options: https.RequestOptions,
  body: string | undefined,
): Promise<ApiAnswer & { readonly code: number }> {
  const { request } = url.protocol === "https:" ? https : http;
  return await new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({
          code: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          warnings: readWarnings(response.headers.warning),
        });
      });
    });
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${REQUEST_MILLISECONDS / 1000} s`)));
    sent.on("error", reject);
    sent.end(body);
  });
}

/** Warnings come as `299 - "text"`, several in one header separated by commas. */
function readWarnings(header: string | undefined): readonly string[] {
  return [...(header ?? "").matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    (text ?? "").replaceAll("\\", ""),
  );
}

function describeFailure(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: unknown) => String(one)).join("; ");
  return error.message;
}
