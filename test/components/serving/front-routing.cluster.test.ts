import assert from "node:assert/strict";
import {
  answerOf,
  authorized,
  ENGINE_KEY,
  errorOf,
  FrontFixture,
  KEYS,
  LARGE,
  SMALL,
} from "../../support/front-fixture.ts";

describe("the front: what reaches a router", () => {
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

  it("sends each request to the router of its model", async () => {
    await fixture.chat(LARGE);
    await fixture.chat(SMALL);
    await fixture.chat(SMALL);
    assert.deepEqual([fixture.large.requests.length, fixture.small.requests.length], [1, 2]);
  });

  it("passes path, query and body on as they are", async () => {
    const body = '{ "model": "small",  "n": 1.0, "text": "\\u00fc ü 🙂" }';
    await fixture.post("/v1/completions?trace=1&x=%20", body, { "content-type": "application/json" });
    const [received] = fixture.small.requests;
    assert.equal(received?.url, "/v1/completions?trace=1&x=%20");
    assert.equal(received.body.toString(), body);
    assert.equal(received.headers["content-type"], "application/json");
  });

  it("replaces the client's key by the engines', and keeps its other credentials", async () => {
    await fixture.chat(SMALL, { "x-api-key": KEYS.team, cookie: "session=1", "x-session-id": "s-1" });
    const { headers } = fixture.small.requests[0] ?? assert.fail("nothing arrived");
    assert.equal(headers.authorization, `Bearer ${ENGINE_KEY}`);
    assert.equal(headers["x-api-key"], undefined);
    assert.equal(headers.cookie, undefined);
    assert.equal(headers["x-session-id"], "s-1");
  });

  it("keeps a request id of the client, makes one otherwise, and tells both sides", async () => {
    const own = await fixture.chat(SMALL, { "x-request-id": "trace-42" });
    assert.equal(own.headers.get("x-request-id"), "trace-42");
    const made = await fixture.chat(SMALL);
    assert.match(made.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
    const bad = await fixture.chat(SMALL, { "x-request-id": 'a"b c' });
    assert.match(bad.headers.get("x-request-id") ?? "", /^[0-9a-f]{32}$/);
    assert.deepEqual(
      fixture.small.requests.map(({ headers }) => headers["x-request-id"]),
      [own, made, bad].map(({ headers }) => headers.get("x-request-id")),
    );
  });

  it("makes a request that names no session a session of its own, for a router that would send all of them to one engine", async () => {
    await fixture.chat(SMALL, { "x-session-id": "s-1" });
    await fixture.chat(SMALL);
    await fixture.chat(SMALL);
    const [named, ...nameless] = fixture.small.requests.map(({ headers }) => String(headers["x-session-id"]));
    assert.equal(named, "s-1");
    assert.equal(new Set(nameless).size, 2);
    for (const session of nameless) assert.match(session, /^[0-9a-f]{32}$/);
  });

  it("finds the model behind 2.5 MB of messages", async () => {
    const body = JSON.stringify({
      messages: [{ role: "user", content: 'naïve "quotes" \n'.repeat(140_000) }],
      model: LARGE,
    });
    assert.ok(body.length > 2_500_000);
    const answer = await fixture.post("/v1/chat/completions", body);
    assert.equal(answer.status, 200);
    assert.equal(fixture.large.requests[0]?.body.toString(), body);
  });

  it("goes by the model of the request, not by one inside it", async () => {
    const body = { tools: [{ function: { parameters: { properties: { model: LARGE } } } }], model: SMALL };
    await fixture.post("/v1/chat/completions", JSON.stringify(body));
    assert.deepEqual([fixture.large.requests.length, fixture.small.requests.length], [0, 1]);
  });

  it("reuses connections to a router", async () => {
    for (let count = 0; count < 20; count++) await fixture.chat(SMALL);
    assert.ok(
      fixture.small.connections <= 2,
      `${fixture.small.connections} connections for 20 requests of two workers`,
    );
  });
});

describe("the front: bodies it can't route", () => {
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

  const bad: readonly [string, string | Uint8Array<ArrayBuffer>, string][] = [
    ["no body", "", "invalid_json"],
    ["broken JSON", '{"model": "small"', "invalid_json"],
    ["a list", '["small"]', "invalid_json"],
    ["null", "null", "invalid_json"],
    ["bytes that are not text", new Uint8Array([0xff, 0xfe, 0x00]), "invalid_json"],
    ["no model", '{"messages": []}', "missing_model"],
    ["an empty model", '{"model": ""}', "missing_model"],
    ["a model that is no string", '{"model": ["small"]}', "missing_model"],
    ["an empty cache_salt", '{"model": "small", "cache_salt": ""}', "invalid_cache_salt"],
    ["a cache_salt that is no string", '{"model": "small", "cache_salt": {"a": 1}}', "invalid_cache_salt"],
  ];
  for (const [what, body, code] of bad) {
    it(`answers ${what} with 400`, async () => {
      const answer = await fixture.post("/v1/chat/completions", body);
      assert.deepEqual([answer.status, errorOf(answer).code], [400, code]);
      assert.equal(fixture.small.requests.length, 0);
    });
  }

  it("says so where JSON is nested deeper than it reads", async () => {
    const answer = await fixture.post(
      "/v1/chat/completions",
      `{"model":"small","x":${"[".repeat(200)}${"]".repeat(200)}}`,
    );
    assert.equal(answer.status, 400);
    assert.match(errorOf(answer).message, /nested/);
  });

  for (const model of ["none", "__proto__", "constructor", "qwen/qwen3-8b", "router-small", "😀".repeat(300)]) {
    it(`answers 404 for the unknown model ${model.slice(0, 20)}`, async () => {
      const answer = await fixture.chat(model);
      assert.equal(answer.status, 404);
      assert.deepEqual([errorOf(answer).code, errorOf(answer).param], ["model_not_found", "model"]);
      assert.ok(errorOf(answer).message.length < 1000);
    });
  }

  it("answers multipart bodies with what to do instead", async () => {
    const form = new FormData();
    form.set("model", SMALL);
    const answer = await fixture.post("/v1/audio/transcriptions", form);
    assert.equal(answer.status, 415);
    assert.match(errorOf(answer).message, /JSON/);
  });

  it("answers a body over the limit with 413, whether or not its length was announced", async () => {
    const body = `{"model":"small","x":"${"x".repeat(4 * 2 ** 20)}"}`;
    const chunked = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(body));
        controller.close();
      },
    });
    const options = { method: "POST", headers: authorized() };
    const answers = [
      await answerOf(await fetch(`${fixture.front.url}/v1/completions`, { ...options, body })),
      await answerOf(await fetch(`${fixture.front.url}/v1/completions`, { ...options, body: chunked, duplex: "half" })),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 413);
      assert.match(errorOf(answer).message, /access\.maxBodyMiB/);
    }
    assert.equal(
      (await fixture.post("/v1/completions", body.slice(0, 30) + '"}')).status,
      200,
      "a smaller one goes through",
    );
  });
});
