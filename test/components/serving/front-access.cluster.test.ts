import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { answerOf, DEAD, ENGINE_KEY, errorOf, FrontFixture, KEYS, SMALL } from "../../support/front-fixture.ts";

describe("the front: who may use it", () => {
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

  const refused: readonly [string, Record<string, string>][] = [
    ["no key", {}],
    ["a wrong key", { authorization: "Bearer sk-wrong" }],
    ["an empty key", { authorization: "Bearer " }],
    ["the digest of a key instead of the key", { authorization: `Bearer ${"0".repeat(64)}` }],
    ["the engines' own key", { authorization: `Bearer ${ENGINE_KEY}` }],
    ["a name every object has", { authorization: "Bearer constructor" }],
    ["another scheme", { authorization: `Basic ${KEYS.team}` }],
    ["a key with something behind it", { authorization: `Bearer ${KEYS.team} x` }],
  ];
  for (const [what, headers] of refused) {
    it(`refuses ${what} with 401, and no router hears of it`, async () => {
      const response = await fetch(`${fixture.front.url}/v1/chat/completions`, {
        method: "POST",
        headers,
        body: JSON.stringify({ model: SMALL }),
      });
      const answer = await answerOf(response);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="vllm"');
      assert.equal(errorOf(answer).code, "invalid_api_key");
      assert.equal(fixture.small.requests.length, 0);
    });
  }

  it("admits a key whatever the case of the scheme", async () => {
    assert.equal((await fixture.get("/v1/models", { authorization: `bearer ${KEYS.team}` })).status, 200);
  });

  it("answers 401 before a body arrives, so that strangers can't make it hold one", async () => {
    const request = httpRequest(`${fixture.front.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-length": 3_000_000 },
    });
    request.on("error", () => undefined);
    request.flushHeaders();
    const [response] = (await once(request, "response")) as [{ statusCode?: number }];
    request.destroy();
    assert.equal(response.statusCode, 401);
  });

  it("is open to everybody where the environment has no keys", async () => {
    const open = await fixture.startAnother({ keys: [] }, {});
    try {
      const response = await fetch(`${open.url}/v1/completions`, {
        method: "POST",
        body: JSON.stringify({ model: SMALL, prompt: "hello" }),
      });
      assert.equal(response.status, 200);
      assert.equal(fixture.small.requests[0]?.headers.authorization, `Bearer ${ENGINE_KEY}`);
      assert.equal(open.log()[0]?.key, "anonymous");
    } finally {
      await open.stop();
    }
  });

  it("takes a new key and refuses the old one once the Secret has changed", async () => {
    await fixture.front.rotateKeys({ ...KEYS, team: "sk-team-new" });
    try {
      assert.equal((await fixture.get("/v1/models", { authorization: "Bearer sk-team-new" })).status, 200);
      assert.equal((await fixture.get("/v1/models", { authorization: `Bearer ${KEYS.team}` })).status, 401);
    } finally {
      await fixture.front.rotateKeys(KEYS);
    }
    assert.equal((await fixture.get("/v1/models")).status, 200);
  });

  it("counts each key alone, whatever it is called", async () => {
    const names = ["default", "include", "volatile", "team", "n-1"];
    const values = Object.fromEntries(names.map((name) => [name, `sk-${name}-9`]));
    const keys = names.map((name) => ({ name, requestsPerMinute: 1 }));
    const other = await fixture.startAnother({ keys }, values);
    try {
      for (const value of Object.values(values)) {
        const ask = () => fetch(`${other.url}/v1/models`, { headers: { authorization: `Bearer ${value}` } });
        assert.deepEqual([(await ask()).status, (await ask()).status], [200, 429], value);
      }
    } finally {
      await other.stop();
    }
  });

  it("lets a key send its requests of a minute at once, then answers 429 with when to come back", async () => {
    const limited = { authorization: `Bearer ${KEYS.limited}` };
    const statuses: number[] = [];
    for (let count = 0; count < 4; count++) statuses.push((await fixture.get("/v1/models", limited)).status);
    assert.deepEqual(statuses, [200, 200, 200, 429]);
    const answer = await fixture.chat(SMALL, limited);
    assert.equal(answer.status, 429);
    assert.equal(answer.headers.get("retry-after"), "20");
    assert.deepEqual([errorOf(answer).type, errorOf(answer).code], ["rate_limit_error", "rate_limit_exceeded"]);
    assert.equal((await fixture.chat(SMALL)).status, 200, "another key goes on");
  });
});

describe("the front: what it writes down", () => {
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

  it("logs who asked for which model and how it went, and no secret, query or body", async () => {
    await fixture.post(
      "/v1/chat/completions?token=query-secret",
      JSON.stringify({ model: SMALL, prompt: "body-secret" }),
      {
        "x-request-id": "logged-1",
        cookie: "cookie-secret",
      },
    );
    await fixture.chat(DEAD);
    await fixture.get("/v1/models", { authorization: "Bearer sk-guess-secret" });
    const line = fixture.front.log().find(({ requestId }) => requestId === "logged-1");
    assert.deepEqual(
      [line?.key, line?.model, line?.status, line?.path, line?.router],
      ["team", SMALL, 200, "/v1/chat/completions", fixture.small.address],
    );
    const written = readFileSync(fixture.front.logFile, "utf8") + fixture.front.errors;
    for (const secret of [
      ...Object.values(KEYS),
      ENGINE_KEY,
      "sk-team-new",
      "sk-guess-secret",
      "query-secret",
      "body-secret",
      "cookie-secret",
    ]) {
      assert.ok(!written.includes(secret), `the log contains ${secret}`);
    }
  });

  it("has nginx's counters for Prometheus on the status port alone", async () => {
    const response = await fetch(`${fixture.front.statusUrl}/metrics`);
    const text = await response.text();
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    assert.match(text, /^# TYPE nginx_http_requests_total counter\nnginx_http_requests_total [1-9][0-9]*$/m);
    assert.match(text, /^nginx_connections_active [1-9]/m);
    for (const path of ["/v1/models", "/nginx-status", "/"]) {
      assert.equal((await fetch(`${fixture.front.statusUrl}${path}`)).status, 404, path);
    }
  });
});
