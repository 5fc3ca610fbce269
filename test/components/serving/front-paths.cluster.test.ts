import assert from "node:assert/strict";
import { connect } from "node:net";
import { DEAD, errorOf, FrontFixture, KEYS, LARGE, SMALL } from "../../support/front-fixture.ts";

describe("the front: which paths it has", () => {
  let fixture: FrontFixture;

  before(async function () {
    this.timeout(600_000);
    fixture = await FrontFixture.start();
  });
  beforeEach(() => {
    fixture.reset();
  });
  after(async () => {
    await fixture.stop();
  });

  it("answers /health without a key", async () => {
    const answer = await fixture.get("/health", {});
    assert.deepEqual([answer.status, answer.text], [200, '{"status":"healthy"}']);
  });

  const unknown = [
    "/",
    "/metrics",
    "/remove_worker",
    "/v1",
    "/v2/models",
    "/docs",
    "/engines",
    "/health/x",
    "/nginx-status",
  ];
  for (const path of unknown) {
    it(`answers 404 in JSON at ${path}`, async () => {
      const answer = await fixture.get(path);
      assert.equal(answer.status, 404);
      assert.equal(errorOf(answer).code, "unknown_url");
    });
  }

  const tricks = [
    "/v1/../remove_worker",
    "/v1/%2e%2e/remove_worker",
    "/v1/..%2fremove_worker",
    "/remove_worker/../v1/chat/completions",
    "//v1/chat/completions",
    "/v1/./chat/completions",
    "/v1//chat/completions",
    "/%76%31/chat/completions",
  ];
  for (const target of tricks) {
    it(`gives no router a path it would read otherwise: ${target}`, async () => {
      assert.match(await raw(fixture.front.url, target), /^HTTP\/1\.1 404 /);
      assert.equal(fixture.small.requests.length, 0);
    });
  }

  it("lists all models of the plan in its order, as OpenAI does", async () => {
    const answer = await fixture.get("/v1/models");
    const list = JSON.parse(answer.text) as { object: string; data: Record<string, unknown>[] };
    assert.equal(list.object, "list");
    assert.deepEqual(
      list.data.map(({ id }) => id),
      [LARGE, SMALL, DEAD],
    );
    const [first] = list.data;
    assert.deepEqual([first?.object, first?.owned_by, first?.max_model_len], ["model", "vllm-stack", 8192]);
    assert.equal(typeof first?.created, "number");
  });

  for (const path of ["/v1/models/Qwen/Qwen3-8B", "/v1/models/Qwen%2FQwen3-8B"]) {
    it(`shows one model at ${path}`, async () => {
      const answer = await fixture.get(path);
      assert.deepEqual([answer.status, (JSON.parse(answer.text) as { id: string }).id], [200, LARGE]);
    });
  }

  it("answers 404 for a model it doesn't have, and for a broken escape", async () => {
    for (const path of ["/v1/models/none", "/v1/models/constructor", "/v1/models/%FF"]) {
      const answer = await fixture.get(path);
      assert.deepEqual([answer.status, errorOf(answer).code], [404, "model_not_found"], path);
    }
  });

  it("answers other methods with 405 and the one that works", async () => {
    const completion = await fixture.get("/v1/chat/completions");
    assert.deepEqual([completion.status, completion.headers.get("allow")], [405, "POST"]);
    const list = await fixture.post("/v1/models", "{}");
    assert.deepEqual([list.status, list.headers.get("allow")], [405, "GET"]);
    assert.equal(errorOf(list).type, "invalid_request_error");
  });
});

/** Sends a request line as it stands, which clients would clean up first. */
async function raw(url: string, target: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const body = JSON.stringify({ model: SMALL });
  socket.end(
    `POST ${target} HTTP/1.1\r\nHost: front\r\nAuthorization: Bearer ${KEYS.team}\r\n` +
      `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  return text;
}
