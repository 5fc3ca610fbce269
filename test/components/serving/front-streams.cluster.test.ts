import assert from "node:assert/strict";
import { Agent, get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { CONNECTION_SECONDS } from "../../../planning/front/settings.ts";
import { PRE_STOP_SECONDS } from "../../../planning/stateless.ts";
import { authorized, FrontFixture, KEYS, SMALL } from "../../support/front-fixture.ts";
import type { Answer as RouterAnswer } from "../../support/upstream.ts";

/** Sends a server-sent event every so often, the time of sending in it. */
function events(count: number, everyMilliseconds: number): RouterAnswer {
  return (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    void (async () => {
      for (let index = 0; index < count; index++) {
        response.write(`data: ${performance.now()}\n\n`);
        await sleep(everyMilliseconds);
      }
      response.end("data: [DONE]\n\n");
    })();
  };
}

describe("the front: streams and load", () => {
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

  const stream = (url: string, signal?: AbortSignal) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: authorized(),
      body: JSON.stringify({ model: SMALL, stream: true }),
      ...(signal === undefined ? {} : { signal }),
    });

  it("hands each token on as it comes", async () => {
    fixture.small.answer = events(6, 200);
    const response = await stream(fixture.front.url);
    const delays: number[] = [];
    let last = "";
    for await (const chunk of response.body ?? []) {
      last = Buffer.from(chunk).toString();
      const sent = /data: ([0-9.]+)/.exec(last)?.[1];
      if (sent !== undefined) delays.push(performance.now() - Number(sent));
    }
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    assert.equal(delays.length, 6, "one chunk per token");
    assert.ok(Math.max(...delays) < 150, `the slowest token was ${Math.max(...delays)} ms on its way`);
    assert.match(last, /\[DONE\]/);
  });

  it("lets a stream last longer than the time limit as long as tokens come", async function () {
    this.timeout(10_000);
    fixture.small.answer = events(6, 500);
    assert.match(await (await stream(fixture.front.url)).text(), /\[DONE\]/);
  });

  it("tells the router when the client has gone, so that no GPU computes for nobody", async () => {
    const gone = new Promise<void>((resolve) => {
      fixture.small.answer = (request, response, raw) => {
        response.on("close", resolve);
        events(1000, 20)(request, response, raw);
      };
    });
    const client = new AbortController();
    const response = await stream(fixture.front.url, client.signal);
    const reader = response.body?.getReader();
    await reader?.read();
    client.abort();
    await Promise.race([gone, sleep(1000).then(() => assert.fail("the router still sends"))]);
  });

  it("finishes its streams after it was told to stop, and takes no new ones", async function () {
    this.timeout(15_000);
    const other = await fixture.startAnother({}, KEYS);
    fixture.small.answer = events(10, 100);
    const running = await stream(other.url);
    other.quit();
    await sleep(300);
    await assert.rejects(fetch(`${other.url}/health`));
    assert.match(await running.text(), /\[DONE\]/);
    await other.stop();
  });

  it("serves 3,000 requests of 64 clients at once without an error", async function () {
    this.timeout(60_000);
    const statuses = new Map<number, number>();
    const client = async (): Promise<void> => {
      for (let count = 0; count < 47; count++) {
        const { status } = await fixture.chat(SMALL);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: 64 }, client));
    assert.deepEqual([...statuses], [[200, 64 * 47]]);
    assert.equal(fixture.front.errors, "");
  });

  it("leaves a connection to a router before a router that stops would close it", async function () {
    this.timeout(20_000);
    const end = performance.now() + (CONNECTION_SECONDS + 2) * 1000;
    while (performance.now() < end) {
      await fixture.chat(SMALL);
      await sleep(100);
    }
    const oldest = Math.max(...fixture.small.requests.map(({ connectionAge }) => connectionAge)) / 1000;
    assert.ok(oldest > 1, "connections are used more than once");
    assert.ok(oldest < CONNECTION_SECONDS + 1.5, `a request came on a connection of ${oldest} s`);
    const stops: number = PRE_STOP_SECONDS;
    assert.ok(oldest < stops - 2, "two seconds are left for its Service to forget the router");
  });

  it("asks a client to open a new connection before a front that stops would close the old one", async function () {
    this.timeout(20_000);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ask = () =>
      new Promise<string | undefined>((resolve, reject) => {
        get(`${fixture.front.url}/v1/models`, { agent, headers: authorized() }, (response) => {
          response.resume().on("end", () => {
            resolve(response.headers.connection);
          });
        }).on("error", reject);
      });
    const start = performance.now();
    const asked: number[] = [];
    while (performance.now() - start < (CONNECTION_SECONDS + 2) * 1000) {
      if ((await ask()) === "close") asked.push((performance.now() - start) / 1000);
      await sleep(100);
    }
    agent.destroy();
    const [first] = asked;
    assert.equal(asked.length, 1);
    assert.ok(first !== undefined && first > CONNECTION_SECONDS - 0.5, `after ${first} s`);
  });

  it("keeps going when a router closes an idle connection", async function () {
    this.timeout(20_000);
    fixture.small.answer = (_request, response) => {
      response.setHeader("connection", "keep-alive");
      response.end("{}");
      response.socket?.setTimeout(300, () => response.socket?.destroy());
    };
    for (let count = 0; count < 5; count++) {
      assert.equal((await fixture.chat(SMALL)).status, 200);
      await sleep(500);
    }
  });
});
