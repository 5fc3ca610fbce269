import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { parse } from "yaml";
import { z } from "zod";

const kubeconfigSchema = z.object({
  clusters: z.tuple([z.object({ cluster: z.object({ server: z.url(), "certificate-authority-data": z.string() }) })]),
  users: z.tuple([
    z.object({ user: z.object({ "client-certificate-data": z.string(), "client-key-data": z.string() }) }),
  ]),
});

/** An answer of the API server: status and parsed JSON (text where it isn't JSON). */
export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** How long one request may take. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * The few requests the cluster's own code makes of its API server. Small on purpose: the keeper has to start at once,
 * and a full client takes longer to load than the API server to answer.
 */
export class ApiClient {
  readonly server: string;
  readonly #agent: Agent;

  /** @param kubeconfig path of a kubeconfig with embedded authority and client certificate */
  constructor(kubeconfig: string) {
    const { clusters, users } = kubeconfigSchema.parse(parse(readFileSync(kubeconfig, "utf8")));
    const [{ cluster }] = clusters;
    const [{ user }] = users;
    const pem = (base64: string) => Buffer.from(base64, "base64").toString("utf8");
    this.server = cluster.server;
    this.#agent = new Agent({
      keepAlive: true,
      ca: pem(cluster["certificate-authority-data"]),
      cert: pem(user["client-certificate-data"]),
      key: pem(user["client-key-data"]),
    });
  }

  /** GET; every status is an answer, only transport problems are errors. */
  get(path: string): Promise<ApiAnswer> {
    return this.#send("GET", path);
  }

  /** POST to a collection. */
  create(path: string, object: object): Promise<unknown> {
    return this.#expectSuccess("POST", path, object, "json");
  }

  /** Server-side apply: creates the object or brings the given fields to the given values. */
  apply(path: string, object: object): Promise<unknown> {
    return this.#expectSuccess(
      "PATCH",
      `${path}?fieldManager=vllm-stack-cluster&force=true`,
      object,
      "apply-patch+yaml",
    );
  }

  /** JSON merge patch, optionally of a subresource path such as `…/status`. */
  merge(path: string, patch: object): Promise<unknown> {
    return this.#expectSuccess("PATCH", path, patch, "merge-patch+json");
  }

  /** DELETE; an object that doesn't exist is fine. */
  async remove(path: string, options: object = {}): Promise<void> {
    const { status, body } = await this.#send("DELETE", path, options, "json");
    if (status >= 300 && status !== 404) throw new Error(failure("DELETE", path, status, body));
  }

  /** Closes kept connections, so that the process can end. */
  close(): void {
    this.#agent.destroy();
  }

  async #expectSuccess(method: string, path: string, content: object, type: string): Promise<unknown> {
    const { status, body } = await this.#send(method, path, content, type);
    if (status >= 300) throw new Error(failure(method, path, status, body));
    return body;
  }

  #send(method: string, path: string, content?: object, type = "json"): Promise<ApiAnswer> {
    const payload = content === undefined ? undefined : JSON.stringify(content);
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, this.server),
        {
          method,
          agent: this.#agent,
          timeout: REQUEST_TIMEOUT_MS,
          headers: payload === undefined ? {} : bodyHeaders(type, payload),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            resolve({ status: response.statusCode ?? 0, body: parseBody(Buffer.concat(chunks).toString("utf8")) });
          });
        },
      );
      call.on("timeout", () => call.destroy(new Error(`${method} ${path}: no answer within ${REQUEST_TIMEOUT_MS} ms`)));
      call.on("error", reject);
      call.end(payload);
    });
  }
}

/** The length is said explicitly: of a DELETE's body Node otherwise gives none, and it would be read as the next request. */
function bodyHeaders(type: string, payload: string): Record<string, string | number> {
  return { "content-type": `application/${type}`, "content-length": Buffer.byteLength(payload) };
}

/** Runs `work` with a client that is closed afterwards. */
export async function withApi<T>(kubeconfig: string, work: (api: ApiClient) => Promise<T>): Promise<T> {
  const api = new ApiClient(kubeconfig);
  try {
    return await work(api);
  } finally {
    api.close();
  }
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const statusSchema = z.object({ message: z.string() });

function failure(method: string, path: string, status: number, body: unknown): string {
  const parsed = statusSchema.safeParse(body);
  return `${method} ${path}: ${status} ${parsed.success ? parsed.data.message : String(body)}`;
}
