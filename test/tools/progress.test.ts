import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Progress } from "../../rehearsal/progress.ts";
import { grouped, renderTimes, timed } from "../../tools/progress.ts";

/** Notes what is shown, a line per event. */
function recorder(): { readonly progress: Progress; readonly shown: string[] } {
  const shown: string[] = [];
  const progress: Progress = {
    step: (title) => {
      shown.push(`begin ${title}`);
      return {
        update: (text) => shown.push(`${title}: ${text}`),
        done: (text = "") => shown.push(`done ${title}: ${text}`),
        fail: (text) => shown.push(`fail ${title}: ${text}`),
      };
    },
  };
  return { progress, shown };
}

describe("things that may be in the cache", () => {
  it("take one line together if all of them are", () => {
    const { progress, shown } = recorder();
    const group = grouped(progress, "programs");
    for (const name of ["etcd", "kubelet"]) group.progress.step(name).done("in the cache");
    group.end();
    assert.deepEqual(shown, ["begin programs", "done programs: in the cache"]);
  });

  it("have a line of their own as soon as they have something to do", () => {
    const { progress, shown } = recorder();
    const group = grouped(progress, "programs");
    group.progress.step("etcd").done("in the cache");
    const built = group.progress.step("kubelet");
    built.update("compiling");
    built.done("made kubelet");
    group.progress.step("kwok").fail("no network");
    group.end();
    assert.deepEqual(shown, [
      "begin kubelet",
      "kubelet: compiling",
      "done kubelet: made kubelet",
      "begin kwok",
      "fail kwok: no network",
      "begin programs",
      "done programs: 1 in the cache",
    ]);
  });

  it("are shown when they take their time without a word", async () => {
    const { progress, shown } = recorder();
    const slow = grouped(progress, "programs").progress.step("kubelet");
    await sleep(1200);
    assert.deepEqual(shown, ["begin kubelet"]);
    slow.done("in the cache");
    assert.deepEqual(shown, ["begin kubelet", "done kubelet: in the cache"]);
  });
});

describe("times of a command", () => {
  it("are those of its steps, in the order they began", async () => {
    const { progress, shown } = recorder();
    const timing = timed(progress);
    const outer = timing.step("outer");
    const inner = timing.step("inner");
    await sleep(50);
    inner.done("yes");
    outer.done();
    timing.step("broken").fail("no");
    const times = timing.times();
    assert.deepEqual(
      times.map(({ step }) => step),
      ["outer", "inner"],
    );
    for (const { seconds, began } of times) assert.ok(seconds >= 0.04 && seconds < 5 && began > 0);
    assert.ok(shown.includes("done inner: yes"), "what it wraps is told everything");
  });

  it("are a table with the whole time below", () => {
    const text = renderTimes([{ step: "preview", began: 1.04, seconds: 2.26 }], 4);
    assert.deepEqual(
      text.split("\n").map((line) => line.replaceAll(/ +/g, " ")),
      ["step began at (s) took (s)", text.split("\n")[1]?.replaceAll(/ +/g, " "), "preview 1.0 2.3", "all of it 4.0"],
    );
  });
});
