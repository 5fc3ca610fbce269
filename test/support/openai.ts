/** A small client of the OpenAI API for tests: it tells everything a test may want to look at. */

/** Where to ask and as whom. */
export interface Target {
  /** Base URL, ending in `/v1`. */
  readonly endpoint: string;
  readonly key: string;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  /** Pod of the engine that answered, as it says itself. */
  readonly engine: string | null;
  readonly milliseconds: number;
}

/** An event stream as it arrived. */
export interface StreamedAnswer {
  readonly status: number;
  readonly chunks: readonly unknown[];
  /** Whether the stream ended with `[DONE]`, as a complete one does. */
  readonly complete: boolean;
  readonly firstMilliseconds: number;
  readonly lastMilliseconds: number;
}

const TIMEOUT_MS = 30_000;

/** Sends a JSON body, or none. */
export async function ask(
  target: Target,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const started = performance.now();
  const response = await post(target, path, body, headers);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: parse(text),
    engine: response.headers.get("x-inference-pod"),
    milliseconds: performance.now() - started,
  };
}

/** A chat completion of one user message. */
export async function chat(target: Target, model: string, content: string, maxTokens = 8): Promise<Answer> {
  return await ask(target, "/chat/completions", {
    model,
    messages: [{ role: "user", content }],
    max_tokens: maxTokens,
  });
}

/** A streamed chat completion, read to its end. */
export async function streamChat(
  target: Target,
  model: string,
  content: string,
  maxTokens: number,
): Promise<StreamedAnswer> {
  const started = performance.now();
  const body = { model, messages: [{ role: "user", content }], max_tokens: maxTokens, stream: true };
  const response = await post(target, "/chat/completions", body, {});
  const times: number[] = [];
  let text = "";
  const decoder = new TextDecoder();
  for await (const piece of response.body ?? []) {
    times.push(performance.now() - started);
    text += decoder.decode(piece as Uint8Array, { stream: true });
  }
  const events = text.split("\n\n").flatMap((event) => (event.startsWith("data: ") ? [event.slice(6)] : []));
  return {
    status: response.status,
    chunks: events.filter((event) => event !== "[DONE]").map(parse),
    complete: events.at(-1) === "[DONE]",
    firstMilliseconds: times[0] ?? Number.NaN,
    lastMilliseconds: times.at(-1) ?? Number.NaN,
  };
}

/** Outcome of a request under load: a status, or why the connection broke. */
export type Outcome =
  { readonly status: number; readonly at: number } | { readonly broken: string; readonly at: number };

/**
 * Keeps `concurrency` requests under way until stopped, and reports every outcome with its time.
 * The number of requests is bounded, so that a test that fails to stop it ends all the same.
 */
export function load(
  send: (index: number) => Promise<{ status: number }>,
  concurrency: number,
  limit = 5000,
): { stop(): Promise<Outcome[]> } {
  const outcomes: Outcome[] = [];
  let running = true;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (running && next < limit) {
      const index = next++;
      const at = performance.now();
      try {
        outcomes.push({ status: (await send(index)).status, at });
      } catch (error) {
        outcomes.push({ broken: error instanceof Error ? error.message : String(error), at });
      }
    }
  };
  const workers = Array.from({ length: concurrency }, worker);
  return {
    stop: async () => {
      running = false;
      await Promise.all(workers);
      return outcomes;
    },
  };
}

async function post(target: Target, path: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  return await fetch(`${target.endpoint}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${target.key}`, ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
