import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { CommandError } from "../../../rehearsal/toolchain/errors.ts";
import { identify, isAlive } from "../../../rehearsal/toolchain/lock.ts";
import { run } from "../../../rehearsal/toolchain/process.ts";

describe("running a program", () => {
  it("returns what it wrote, and shows every line as it comes", async () => {
    const lines: string[] = [];
    const output = await run("sh", ["-c", "echo one; echo two >&2; cat"], {
      input: Readable.from(["three"]),
      onLine: (line) => lines.push(line),
    });
    assert.equal(output, "one\nthree");
    assert.deepEqual(lines.sort(), ["one", "three", "two"]);
  });

  it("fails with the status and the last lines of the output", async () => {
    await assert.rejects(run("sh", ["-c", "seq 100; echo reason >&2; exit 7"]), (error) => {
      assert.ok(error instanceof CommandError);
      assert.equal(error.status, 7);
      assert.ok(error.tail.includes("reason"));
      assert.ok(error.tail.length <= 15);
      return true;
    });
  });

  it("says that a program is missing by its system error, for callers to explain", async () => {
    await assert.rejects(run("no-such-program-anywhere", []), { code: "ENOENT" });
  });

  it("ends the program and everything it started when aborted", async () => {
    const abort = new AbortController();
    let child = 0;
    const running = run("sh", ["-c", "sleep 600 & echo $!; wait"], {
      signal: abort.signal,
      onLine: (line) => {
        child = Number(line);
        abort.abort(new Error("stopped by the user"));
      },
    });
    await assert.rejects(running, /stopped by the user/);
    const left = await identify(child);
    assert.equal(left.started === "" || !(await isAlive(left)), true, "the grandchild is gone");
  });

  it("does not begin when it is aborted already", async () => {
    await assert.rejects(run("true", [], { signal: AbortSignal.abort(new Error("too late")) }), /too late/);
  });
});

describe("process identity", () => {
  it("tells a running process from an earlier one with the same number", async () => {
    const self = await identify();
    assert.equal(await isAlive(self), true);
    assert.equal(await isAlive({ ...self, started: "1" }), false);
  });

  it("treats a holder on another machine as running, since a cache may be on a shared disk", async () => {
    assert.equal(await isAlive({ host: "elsewhere.example", pid: 1, started: "1" }), true);
  });
});
