import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../../rehearsal/cluster/types.ts";
import { together, unlessAborted, until } from "../../../rehearsal/cluster/wait.ts";

describe("waiting for a condition", () => {
  it("ends as soon as it holds, and reports each new problem once", async () => {
    const problems = ["no answer", "no answer", "not ready"];
    const reported: string[] = [];
    await until({
      what: "the API server",
      timeoutMs: 5000,
      intervalMs: 1,
      problem: () => problems.shift(),
      report: (problem) => reported.push(problem),
    });
    assert.deepEqual(reported, ["no answer", "not ready"]);
  });

  it("gives up after its time, naming what was waited for and the last problem, an error's message included", async () => {
    const problem = () => Promise.reject(new Error("connect ECONNREFUSED"));
    await assert.rejects(until({ what: "the API server", timeoutMs: 20, intervalMs: 5, problem }), {
      name: "ClusterError",
      message: "the API server: not ready after 0.02 s – connect ECONNREFUSED.",
    });
  });
});

describe("steps side by side", () => {
  it("all end with the reason of the one that failed", async () => {
    const abort = new AbortController();
    const waiting = unlessAborted(abort.signal, () => sleep(60_000, undefined, { ref: false }));
    abort.abort(new ClusterError("kubelet ended"));
    await assert.rejects(together([waiting, Promise.resolve()]), { message: "kubelet ended" });
  });

  it("are cancelled by a person at once, and not begun afterwards", async () => {
    const cancelled = AbortSignal.abort();
    let begun = false;
    const work = () => {
      begun = true;
      return Promise.resolve();
    };
    await assert.rejects(unlessAborted(cancelled, work), { name: "ClusterError", message: "The start was cancelled." });
    await assert.rejects(until({ what: "x", timeoutMs: 5000, signal: cancelled, problem: () => "y" }), /cancelled/);
    assert.equal(begun, false);
  });
});
