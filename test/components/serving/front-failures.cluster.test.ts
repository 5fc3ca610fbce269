import assert from "node:assert/strict";
import { DEAD, errorOf, FrontFixture, SMALL } from "../../support/front-fixture.ts";

describe("the front: when a router fails", () => {
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

  it("answers 502 in JSON where nothing listens", async () => {
    const answer = await fixture.chat(DEAD);
    assert.equal(answer.status, 502);
    assert.deepEqual([errorOf(answer).type, errorOf(answer).code], ["server_error", "router_unreachable"]);
  });

  it("answers 502 where the router hangs up, and asks it only once", async () => {
    fixture.small.answer = (_request, response) => response.destroy();
    assert.equal((await fixture.chat(SMALL)).status, 502);
    assert.equal(fixture.small.requests.length, 1);
  });

  it("answers 504 after the time limit of the environment", async () => {
    fixture.small.answer = () => undefined;
    const start = performance.now();
    const answer = await fixture.chat(SMALL);
    const seconds = (performance.now() - start) / 1000;
    assert.deepEqual([answer.status, errorOf(answer).code], [504, "timeout"]);
    assert.ok(seconds > 1.8 && seconds < 4, `after ${seconds} s`);
  });

  it("passes the errors of routers and engines on as they are", async () => {
    fixture.small.answer = (_request, response) => {
      response.writeHead(503, { "content-type": "text/plain", "retry-after": "7" });
      response.end("No available workers");
    };
    const answer = await fixture.chat(SMALL);
    assert.deepEqual(
      [answer.status, answer.text, answer.headers.get("retry-after")],
      [503, "No available workers", "7"],
    );
  });
});
