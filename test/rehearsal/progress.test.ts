import assert from "node:assert/strict";
import { formatSeconds, terminalProgress } from "../../rehearsal/progress.ts";

function recorder(isTTY: boolean): {
  readonly text: () => string;
  write(text: string): void;
  isTTY: boolean;
  columns: number;
} {
  let all = "";
  return {
    isTTY,
    columns: 60,
    write: (text) => {
      all += text;
    },
    text: () => all,
  };
}

describe("progress", () => {
  it("writes plain lines into a log: begin and end, with title, result and time", () => {
    const output = recorder(false);
    const step = terminalProgress(output).step("build kubelet", "about 4 min");
    step.update("compiled 12 packages");
    step.done("/cache/kubelet");
    assert.match(output.text(), /^… build kubelet \(about 4 min\)\n✓ build kubelet: \/cache\/kubelet \(0\.\d s\)\n$/);
    assert.doesNotMatch(output.text(), /\u001b/, "no escape sequences outside a terminal");
  });

  it("keeps finished steps above running ones on a terminal, and leaves only the finished ones", () => {
    const output = recorder(true);
    const progress = terminalProgress(output);
    const first = progress.step("one");
    const second = progress.step("two");
    first.fail("no network");
    second.done();
    const shown = output.text().split("\u001b[0J").at(-1);
    assert.match(shown ?? "", /^✓ two \(0\.\d s\)\n$/);
    assert.match(output.text(), /✗ one: no network \(0\.\d s\)\n/);
  });

  it("cuts a long line on a terminal, since a wrapped one could not be redrawn", () => {
    const output = recorder(true);
    terminalProgress(output).step("title", "x".repeat(200)).done();
    for (const line of output.text().split("\n"))
      assert.ok(line.replace(/^\u001b\[\d+A\u001b\[0J/, "").length < 60, line);
  });

  it("writes times as people read them", () => {
    assert.deepEqual([0.04, 9.94, 9.96, 59.4, 59.6, 187].map(formatSeconds), [
      "0.0 s",
      "9.9 s",
      "10 s",
      "59 s",
      "1 min 0 s",
      "3 min 7 s",
    ]);
  });
});
