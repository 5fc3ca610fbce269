import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ended, run } from "./support/commands.ts";

const PASSING = `it("holds", () => undefined);`;
const FAILING = `it("breaks", () => { throw new Error("broken"); });`;
const SKIPPED = `it.skip("waits", () => undefined);`;

describe("npm test", function () {
  this.timeout(60_000);
  const root = mkdtempSync(join(tmpdir(), "vllm-stack-tiers-"));
  after(() => {
    rmSync(root, { recursive: true });
  });

  /** Runs the tiers over a tree of these files. */
  async function tested(files: Record<string, string>, args: string[] = [], env: Record<string, string> = {}) {
    const tree = mkdtempSync(join(root, "tree-"));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text);
    }
    return await run("test.ts", ["--root", tree, ...args], { CI: undefined, ...env });
  }

  const lastLine = ({ stdout }: Ended) => stdout.trimEnd().split("\n").at(-1);

  it("ends with the counts of all tiers, alone on the last line", async () => {
    const ended = await tested({
      "test/planning/a.test.ts": `${PASSING} ${PASSING.replace("holds", "too")}`,
      "test/components/b.test.ts": PASSING,
    });
    assert.equal(lastLine(ended), "3 passed, 0 failed, 0 skipped");
    assert.equal(ended.code, 0);
    assert.match(ended.stdout, /Tier pure: 2 passed/);
    assert.match(ended.stdout, /Tier component: 1 passed/);
  });

  it("goes on after a failure, and fails in the end", async () => {
    const ended = await tested({ "test/a.test.ts": FAILING, "test/stacks/b.test.ts": PASSING });
    assert.equal(lastLine(ended), "1 passed, 1 failed, 0 skipped");
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /broken/);
  });

  it("counts a file that can't be loaded as a failure, and says so", async () => {
    const ended = await tested({
      "test/a.test.ts": `import "./nowhere.ts"; ${PASSING}`,
      "test/stacks/b.test.ts": PASSING,
    });
    assert.equal(lastLine(ended), "1 passed, 1 failed, 0 skipped");
    assert.equal(ended.code, 1);
    assert.match(ended.stdout, /Tier pure ended before its tests did/);
    assert.match(ended.stderr, /nowhere\.ts/);
  });

  it("skips a tier whose needs are missing, with the reason; with CI=true that is a failure", async () => {
    const files = { "test/a.test.ts": PASSING, "test/b.engine.test.ts": PASSING };
    const withoutGo = { PATH: join(root, "nothing-here") };
    const ended = await tested(files, [], withoutGo);
    assert.equal(lastLine(ended), "1 passed, 0 failed, 1 skipped");
    assert.match(ended.stdout, /Tier engine: skipped, 1 files\. .*needs Go on the PATH/);
    assert.equal(ended.code, 0);
    const strict = await tested(files, [], { ...withoutGo, CI: "true" });
    assert.equal(strict.code, 1);
    assert.match(strict.stdout, /CI=true: a skipped test counts as a failure/);
    assert.equal(lastLine(strict), "1 passed, 0 failed, 1 skipped");
  });

  it("counts tests that are skipped inside a file too", async () => {
    const files = { "test/a.test.ts": PASSING + SKIPPED };
    assert.equal(lastLine(await tested(files)), "1 passed, 0 failed, 1 skipped");
    assert.equal((await tested(files, [], { CI: "true" })).code, 1);
  });

  it("runs with --fast only what needs npm packages alone, with --tier one tier, and knows its tiers", async () => {
    const files = { "test/a.test.ts": PASSING, "test/b.engine.test.ts": FAILING, "test/c.soak.test.ts": FAILING };
    assert.equal(lastLine(await tested(files, ["--fast"])), "1 passed, 0 failed, 0 skipped");
    assert.equal(lastLine(await tested(files, ["--tier", "component"])), "0 passed, 0 failed, 0 skipped");
    const { code, stderr } = await tested(files, ["--tier", "clutser"]);
    assert.equal(code, 2);
    assert.match(stderr, /No tier clutser\. There are: pure, component, engine, cluster, soak\./);
  });
});
