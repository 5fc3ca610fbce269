import assert from "node:assert/strict";
import type { FrontSettings } from "../../planning/front/settings.ts";
import { debianNginx, RunningFront, type NginxProgram } from "./front.ts";
import { freePort, Upstream } from "./upstream.ts";

/** Values of the clients' keys in these tests; `limited` may send three requests a minute. */
export const KEYS = { team: "sk-team-0123456789", limited: "sk-limited-0123456789" };
export const ENGINE_KEY = "engine-key-of-this-stack";

/** Served names: two models with a router, and one whose router isn't there. */
export const LARGE = "Qwen/Qwen3-8B";
export const SMALL = "small";
export const DEAD = "dead";

/** What the front answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The error of OpenAI's API. */
export interface ApiError {
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
}

/** A front with two routers behind it, made before the tests of a suite and forgotten between them. */
export class FrontFixture {
  readonly #program: NginxProgram;
  readonly #settings: FrontSettings;
  readonly large: Upstream;
  readonly small: Upstream;
  readonly front: RunningFront;

  private constructor(
    program: NginxProgram,
    settings: FrontSettings,
    routers: { large: Upstream; small: Upstream },
    front: RunningFront,
  ) {
    this.#program = program;
    this.#settings = settings;
    this.large = routers.large;
    this.small = routers.small;
    this.front = front;
  }

  static async start(): Promise<FrontFixture> {
    const program = await debianNginx();
    const routers = { large: await Upstream.start(), small: await Upstream.start() };
    const settings = await settingsFor(routers);
    const front = await RunningFront.start(program, settings, KEYS, ENGINE_KEY);
    return new FrontFixture(program, settings, routers, front);
  }

  /** Another front before the same routers. */
  async startAnother(changes: Partial<FrontSettings>, keys: Readonly<Record<string, string>>): Promise<RunningFront> {
    return RunningFront.start(this.#program, { ...this.#settings, ...changes }, keys, ENGINE_KEY);
  }

  reset(): void {
    this.large.reset();
    this.small.reset();
  }

  async stop(): Promise<void> {
    await this.front.stop();
    await this.large.stop();
    await this.small.stop();
  }

  async get(path: string, headers: Record<string, string> = authorized()): Promise<Answer> {
    return answerOf(await fetch(`${this.front.url}${path}`, { headers }));
  }

  async post(
    path: string,
    body: string | Uint8Array<ArrayBuffer> | FormData,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const options = { method: "POST", body, headers: { ...authorized(), ...headers } };
    return answerOf(await fetch(`${this.front.url}${path}`, options));
  }

  async chat(model: string, headers: Record<string, string> = {}): Promise<Answer> {
    const body = { messages: [{ role: "user", content: "hello" }], model };
    return this.post("/v1/chat/completions", JSON.stringify(body), headers);
  }
}

async function settingsFor({ large, small }: { large: Upstream; small: Upstream }): Promise<FrontSettings> {
  const route = (servedName: string, model: string, address: string) => ({
    servedName,
    model,
    router: `router-${model}`,
    address,
    maxModelLength: 8192,
  });
  return {
    routes: [
      route(LARGE, "large", large.address),
      route(SMALL, "small", small.address),
      route(DEAD, "dead", `127.0.0.1:${await freePort()}`),
    ],
    keys: [
      { name: "team", requestsPerMinute: null },
      { name: "limited", requestsPerMinute: 3 },
    ],
    sessionHeaders: ["x-session-id"],
    maxBodyMiB: 4,
    requestTimeoutSeconds: 2,
    drainSeconds: 10,
  };
}

/** The header of a key without a limit. */
export function authorized(): Record<string, string> {
  return { authorization: `Bearer ${KEYS.team}` };
}

export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The error of an answer; everything the front refuses is JSON of this form. */
export function errorOf({ text, headers }: Answer): ApiError {
  assert.match(headers.get("content-type") ?? "", /^application\/json/);
  const { error } = JSON.parse(text) as { error: ApiError };
  assert.deepEqual(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  return error;
}
