import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { ask, chat, streamChat, type Answer } from "../support/openai.ts";
import type { LocalStack } from "../support/stack.ts";

/** What clients of the endpoint see. */
export function requests(stack: () => LocalStack): void {
  describe("requests", () => {
    it("get a chat completion from each model, by an engine of that model", async () => {
      for (const { servedName, workload } of stack().plan.engines) {
        const answer = await chat(stack(), servedName, "Hello");
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        assert.equal(field(answer, "model"), servedName);
        assert.ok(answer.engine?.startsWith(`${workload.name}-`), `${servedName} was answered by ${answer.engine}`);
      }
    });

    it("get a stream whose first token comes before the last one", async () => {
      for (const { servedName } of stack().plan.engines) {
        const answer = await streamChat(stack(), servedName, "Tell me a story", 64);
        assert.equal(answer.status, 200);
        assert.ok(answer.complete, "the stream ends with [DONE]");
        assert.ok(answer.chunks.length > 3, `${answer.chunks.length} chunks`);
        // Both engines pause at least 2 ms after each token; half of that allows for tokens that travel together.
        const streamed = answer.lastMilliseconds - answer.firstMilliseconds;
        assert.ok(streamed >= answer.chunks.length - 3, `${answer.chunks.length} chunks within ${streamed} ms`);
      }
    });

    it("see all models of the stack in /v1/models", async () => {
      const answer = await ask(stack(), "/models");
      assert.equal(answer.status, 200);
      const ids = (answer.body as { data: { id: string }[] }).data.map(({ id }) => id);
      assert.deepEqual(
        ids,
        stack().plan.engines.map(({ servedName }) => servedName),
      );
    });

    it("for a model that isn't served are refused with 404 and the model's name", async () => {
      const answer = await chat(stack(), "gpt-17", "Hello");
      assert.equal(answer.status, 404);
      assert.match(JSON.stringify(answer.body), /gpt-17/);
    });

    it("without a key or with a wrong one are refused with 401", async () => {
      const model = stack().plan.engines[0]?.servedName ?? "";
      for (const key of ["", "wrong", `${stack().key}x`]) {
        assert.equal((await chat({ ...stack(), key }, model, "Hello")).status, 401, JSON.stringify(key));
      }
    });

    it("to anything but /v1 are refused with 404, also with a key", async () => {
      const root = { endpoint: stack().endpoint.replace(/\/v1$/, ""), key: stack().key };
      for (const path of [
        "/",
        "/metrics",
        "/sleep",
        "/remove_worker",
        "/v1/../metrics",
        "/docs",
        "/v2/chat/completions",
        "/workers",
      ]) {
        assert.equal((await ask(root, path)).status, 404, path);
      }
      assert.equal((await ask({ ...root, key: "" }, "/health")).status, 200);
    });

    it("that aren't JSON, or name no model, are refused with 400", async () => {
      assert.equal((await ask(stack(), "/chat/completions", "{oops")).status, 400);
      assert.equal((await ask(stack(), "/chat/completions", { messages: [] })).status, 400);
    });

    it("with a shared prefix reach the engine that knows it, random ones spread over both", async () => {
      const engine = stack().plan.engines[0];
      assert.ok(engine?.workload.replicas === 2);
      const shared = words(400);
      const together = await Promise.all(
        [1, 2, 3].map(async () => {
          const prefix = `${randomUUID()} ${shared}`;
          const answers: Answer[] = [];
          for (let turn = 0; turn < 6; turn++)
            answers.push(await chat(stack(), engine.servedName, `${prefix} question ${turn}`));
          return new Set(answers.map((answer) => answer.engine)).size;
        }),
      );
      assert.deepEqual(together, [1, 1, 1], "each conversation stays on one engine");
      const spread = await Promise.all(
        Array.from({ length: 40 }, () => chat(stack(), engine.servedName, `${randomUUID()} ${words(40)}`)),
      );
      const counts = Map.groupBy(spread, (answer) => answer.engine);
      assert.equal(counts.size, 2, "both engines are used");
      for (const [pod, answers] of counts) assert.ok(answers.length >= 8, `${pod} got ${answers.length} of 40`);
    });
  });
}

function field(answer: Answer, key: string): unknown {
  return (answer.body as Record<string, unknown>)[key];
}

/** Random words, so that no two prompts share more than their start. */
function words(count: number): string {
  return Array.from({ length: count }, () => Math.random().toString(36).slice(2, 8)).join(" ");
}
