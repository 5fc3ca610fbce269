import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { cacheKey, cacheRoot, cached, entryFolder } from "../../../rehearsal/toolchain/cache.ts";
import { CommandError, ToolchainError } from "../../../rehearsal/toolchain/errors.ts";

const module = (path: string): string => new URL(`../../../rehearsal/toolchain/${path}`, import.meta.url).href;
const entry = { name: "tool", key: "0123456789abcdef", outputs: ["program"] };

/** Another process that makes the entry; it appends a line to `log` when it starts to, and takes `milliseconds`. */
function maker(root: string, log: string, milliseconds: number): ReturnType<typeof spawn> {
  const program = `
    import { appendFile, writeFile } from "node:fs/promises";
    import { setTimeout } from "node:timers/promises";
    import { cached } from ${JSON.stringify(module("cache.ts"))};
    await cached(${JSON.stringify(root)}, ${JSON.stringify(entry)}, {}, async (folder) => {
      await writeFile(folder + "/program", "half");
      await appendFile(${JSON.stringify(log)}, "made\\n");
      await setTimeout(${milliseconds});
      await writeFile(folder + "/program", "whole");
    });`;
  return spawn(process.execPath, ["--input-type=module-typescript", "--eval", program], { stdio: "inherit" });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, "the condition did not come true within 8 s");
    await sleep(20);
  }
}

describe("the cache of tools", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "cache-test-"));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  const make = async (folder: string): Promise<void> => {
    await writeFile(join(folder, "program"), "whole");
  };

  it("is outside the checkout, where the user or the desktop says", () => {
    assert.equal(cacheRoot({ VLLM_STACK_CACHE: "/big/disk", XDG_CACHE_HOME: "/x" }), "/big/disk");
    assert.equal(cacheRoot({ XDG_CACHE_HOME: "/x" }), "/x/pulumi-vllm-stack");
    assert.match(cacheRoot({ VLLM_STACK_CACHE: "" }), /\/\.cache\/pulumi-vllm-stack$/);
    assert.ok(cacheRoot({ VLLM_STACK_CACHE: "relative" }).startsWith("/"), "paths handed on are absolute");
  });

  it("keys by content: the order of settings does not matter, every value does", () => {
    assert.equal(cacheKey({ a: 1, b: { c: 2, d: 3 } }), cacheKey({ b: { d: 3, c: 2 }, a: 1 }));
    assert.notEqual(cacheKey({ a: ["x", "y"] }), cacheKey({ a: ["y", "x"] }));
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.equal(cacheKey({ sum: one }) === cacheKey({ sum: other }), one === other);
      }),
    );
    assert.match(cacheKey({}), /^[0-9a-f]{16}$/);
  });

  it("makes an entry once and reuses it", async () => {
    let made = 0;
    const counted = async (folder: string): Promise<void> => {
      made += 1;
      await make(folder);
    };
    const first = await cached(root, entry, {}, counted);
    const second = await cached(root, entry, {}, counted);
    assert.deepEqual([first.reused, second.reused, made], [false, true, 1]);
    assert.equal(second.folder, entryFolder(root, entry));
    assert.equal(await readFile(join(second.folder, "program"), "utf8"), "whole");
  });

  it("keeps nothing of a build that failed, and says why it failed", async () => {
    const failing = async (folder: string): Promise<void> => {
      await make(folder);
      throw new Error("compiler says no");
    };
    await assert.rejects(cached(root, entry, {}, failing), /compiler says no/);
    assert.equal(existsSync(entryFolder(root, entry)), false);
    assert.deepEqual(await readdir(join(root, "unfinished")), []);
    assert.equal((await cached(root, entry, {}, make)).reused, false);
  });

  it("does not take a build for complete that lacks an output", async () => {
    await assert.rejects(
      cached(root, entry, {}, () => Promise.resolve()),
      { code: "ENOENT" },
    );
    assert.equal(existsSync(entryFolder(root, entry)), false);
  });

  it("makes an entry again whose files were removed or cut short", async () => {
    const { folder } = await cached(root, entry, {}, make);
    await writeFile(join(folder, "program"), "who");
    assert.equal((await cached(root, entry, {}, make)).reused, false);
    await rm(join(folder, "program"));
    assert.equal((await cached(root, entry, {}, make)).reused, false);
    assert.equal(await readFile(join(folder, "program"), "utf8"), "whole");
  });

  it("recovers from a build that was killed: nothing half-made is used, its lock and folder go", async () => {
    const log = join(root, "log");
    const child = maker(root, log, 60_000);
    await until(() => existsSync(log));
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(existsSync(entryFolder(root, entry)), false);
    assert.equal((await readdir(join(root, "unfinished"))).length, 2, "the killed process could not clean up");

    const result = await cached(root, entry, {}, make);
    assert.equal(result.reused, false);
    assert.equal(await readFile(join(result.folder, "program"), "utf8"), "whole");
    assert.deepEqual(await readdir(join(root, "unfinished")), []);
    assert.deepEqual(await readdir(join(root, "locks")), []);
  });

  it("lets one of several processes build while the others wait for its result", async () => {
    const log = join(root, "log");
    const children = [maker(root, log, 300), maker(root, log, 300), maker(root, log, 300)];
    const codes = await Promise.all(children.map(async (child) => ((await once(child, "exit")) as [number])[0]));
    assert.deepEqual(codes, [0, 0, 0]);
    assert.equal(await readFile(log, "utf8"), "made\n");
  });

  it("says which process it waits for, and stops waiting when told to", async () => {
    const log = join(root, "log");
    const child = maker(root, log, 60_000);
    await until(() => existsSync(log));
    const abort = new AbortController();
    const waits: number[] = [];
    const waiting = cached(
      root,
      entry,
      {
        signal: abort.signal,
        onWait: ({ pid }) => {
          waits.push(pid);
          abort.abort();
        },
      },
      make,
    );
    await assert.rejects(waiting, { name: "AbortError" });
    assert.deepEqual(waits, [child.pid]);
    child.kill("SIGKILL");
    await once(child, "exit");
  });

  it("explains a disk that became full during a build, with the remedy", async () => {
    const full = (): Promise<void> =>
      Promise.reject(new CommandError("go build", 1, ["compile: write foo.a: no space left on device"]));
    await assert.rejects(cached(root, entry, {}, full), (error) => {
      assert.ok(error instanceof ToolchainError);
      assert.match(error.message, /disk became full while making tool.*VLLM_STACK_CACHE.*run the same command again/);
      return true;
    });
  });
});
