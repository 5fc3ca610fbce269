/** The few requests the commands make: to the OpenAI endpoint and to Prometheus. */

/** A chat completion, as a person wants to hear of it. */
export interface Completion {
  readonly text: string;
  /** Pod that answered; null where the engine doesn't say. */
  readonly engine: string | null;
  readonly milliseconds: number;
}

/** An answer that isn't a success: what was asked, the status and what the server said. */
export class RequestError extends Error {
  override readonly name = "RequestError";
}

const TIMEOUT_MS = 60_000;

/**
 * Asks a model one question.
 *
 * @param endpoint OpenAI base URL, ending in `/v1`
 * @throws {@link RequestError} if the answer isn't a completion
 */
export async function complete(
  endpoint: string,
  key: string | null,
  model: string,
  question: string,
): Promise<Completion> {
  const started = performance.now();
  const response = await request(`${endpoint}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    body: JSON.stringify({ model, messages: [{ role: "user", content: question }], max_tokens: 24 }),
  });
  const body: unknown = await response.json();
  const text = textOf(body);
  if (text === null) throw new RequestError(`${endpoint}/chat/completions answered without a choice.`);
  return { text, engine: response.headers.get("x-inference-pod"), milliseconds: performance.now() - started };
}

/** Values of an instant query, one per series. */
export async function query(
  prometheus: string,
  expression: string,
): Promise<{ labels: Record<string, string>; value: number }[]> {
  const url = `${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const body = (await (await request(url, {})).json()) as {
    data?: { result?: { metric?: Record<string, string>; value?: [number, string] }[] };
  };
  return (body.data?.result ?? []).map(({ metric, value }) => ({ labels: metric ?? {}, value: Number(value?.[1]) }));
}

/** How many scrape targets Prometheus has and how many of them are up. */
export async function targets(prometheus: string): Promise<{ up: number; all: number }> {
  const series = await query(prometheus, "up");
  return { up: series.filter(({ value }) => value === 1).length, all: series.length };
}

async function request(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new RequestError(`${url} can't be reached: ${reason}.`);
  });
  if (!response.ok) {
    throw new RequestError(`${url} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  }
  return response;
}

function textOf(body: unknown): string | null {
  const choices = (body as { choices?: { message?: { content?: unknown } }[] }).choices;
  const content = choices?.[0]?.message?.content;
  return typeof content === "string" ? content : null;
}
