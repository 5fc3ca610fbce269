import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGoTool, isAtLeast } from "../../../rehearsal/toolchain/go.ts";
import { GO_TOOLS, binariesOf } from "../../../rehearsal/toolchain/tools.ts";
import type { GoTool } from "../../../rehearsal/toolchain/tools.ts";

const tools: readonly [string, GoTool][] = Object.entries(GO_TOOLS);

describe("the table of tools", () => {
  for (const [name, tool] of tools) {
    it(`pins ${name} completely: module files present, every package a pinned tool, versions shown are those built`, async () => {
      const goMod = await readFile(join(tool.module, "go.mod"), "utf8");
      if (tool.packages[0] === ".") {
        assert.doesNotMatch(goMod, /require/, "a program of ours needs no modules");
        return;
      }
      assert.ok((await readFile(join(tool.module, "go.sum"), "utf8")).length > 0);
      for (const path of tool.packages)
        assert.match(goMod, new RegExp(`^(tool )?\\s*${path.replaceAll(".", "\\.")}$`, "m"));
      const version = tool.title.split(" ").at(-1) ?? "";
      assert.match(
        goMod,
        new RegExp(` v${version.replaceAll(".", "\\.")}( |$)`, "m"),
        `${version} is what go.mod pins`,
      );
      for (const linked of Object.values(tool.variables)) {
        const shown = tool.title.split(/[ ,]+/).map((word) => `v${word}`);
        assert.ok(
          /^\d+$/.test(linked) ? version.split(".").includes(linked) : shown.includes(`v${linked.replace(/^v/, "")}`),
        );
      }
    });
  }

  it("names every binary once", () => {
    const names = tools.flatMap(([, tool]) => binariesOf(tool));
    assert.deepEqual(names, [...new Set(names)]);
    assert.ok(names.includes("kubelet") && names.includes("pulumi"));
  });
});

describe("the Go version", () => {
  it("is compared by number, pre-releases and vendor suffixes included", () => {
    for (const good of [
      "go1.26.0",
      "go1.26.8",
      "go1.27rc1",
      "go1.30",
      "go2.0",
      "devel go1.27-abc",
      "go1.26.1-X:nodwarf5",
    ]) {
      assert.equal(isAtLeast(good, "1.26.0"), true, good);
    }
    for (const old of ["go1.19.8", "go1.25.9", "go1.9"]) assert.equal(isAtLeast(old, "1.26.0"), false, old);
    assert.equal(isAtLeast("go1.26.1", "1.26.2"), false);
  });
});

describe("a machine without a fitting Go", () => {
  let root: string;
  let path: string | undefined;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "go-test-"));
    path = process.env.PATH;
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(root, { recursive: true });
  });
  const build = () => buildGoTool("pause", GO_TOOLS.pause, { cache: join(root, "cache"), onUpdate: () => undefined });

  it("is told in one sentence what needs which Go and where to get it", async () => {
    process.env.PATH = root;
    await assert.rejects(build(), {
      name: "ToolchainError",
      message:
        /^go: not found on the PATH – pause is built from its Go module and needs Go 1\.26\.0 or newer\. Install/,
    });
    assert.deepEqual(await readdir(join(root, "cache", "unfinished")), []);
  });

  it("is told so when its Go is too old", async () => {
    await writeFile(join(root, "go"), "#!/bin/sh\nprintf 'go1.19.8\\n/tmp/build\\n/tmp/mod\\n'\n");
    await chmod(join(root, "go"), 0o755);
    process.env.PATH = `${root}:/usr/bin:/bin`;
    await assert.rejects(build(), { message: /^go: 1\.19\.8 – pause needs Go 1\.26\.0 or newer\./ });
  });
});
