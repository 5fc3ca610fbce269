import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeOwnLayer } from "../../../rehearsal/images/files.ts";
import { IMAGE_NAMES, IMAGE_RECIPES, imageReference, toolsOf } from "../../../rehearsal/images/recipes.ts";
import type { ImageRecipe } from "../../../rehearsal/images/recipes.ts";
import { GO_TOOLS } from "../../../rehearsal/toolchain/tools.ts";

describe("the images of the local environment", () => {
  it("are named so that no registry is ever asked, with a tag that isn't `latest`", () => {
    assert.deepEqual(IMAGE_NAMES.toSorted(), Object.keys(IMAGE_RECIPES).sort());
    for (const name of IMAGE_NAMES) assert.match(imageReference(name), /^localhost\/vllm-stack\/[a-z-]+:\d[\w.]*$/);
  });

  it("carry the version of the program they are made of", () => {
    for (const name of ["inference-sim", "coredns"] as const) {
      assert.ok(GO_TOOLS[name].title.endsWith(` ${IMAGE_RECIPES[name].version}`), name);
    }
    assert.equal(IMAGE_RECIPES["vllm-router"].version, IMAGE_RECIPES["vllm-router"].wheel.version);
  });

  it("run as a user other than root, so that they pass the restricted pod security level", () => {
    for (const name of IMAGE_NAMES) assert.ok(IMAGE_RECIPES[name].user.id > 0, name);
  });

  it("say which tools have to be built for them", () => {
    assert.deepEqual(toolsOf(["front", "coredns", "pause"]), ["coredns", "pause"]);
  });
});

describe("an image's own layer", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "layer-test-"));
    await mkdir(join(root, "below/usr/bin"), { recursive: true });
    await writeFile(join(root, "below/usr/bin/busybox"), "");
    await writeFile(join(root, "below/usr/bin/ls"), "");
    await mkdir(join(root, "own"));
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });
  const write = (recipe: ImageRecipe, binaries: ReadonlyMap<string, string> = new Map()) =>
    writeOwnLayer(join(root, "own"), recipe, { binaries, root: join(root, "below") });

  it("has the users, and a /tmp everybody may write, since no maintainer script made them", async () => {
    await write(IMAGE_RECIPES.front);
    const users = await readFile(join(root, "own/etc/passwd"), "utf8");
    assert.match(users, /^root:x:0:0:/m);
    assert.match(users, /^nginx:x:101:101:/m);
    assert.match(users, /^nobody:x:65534:/m);
    assert.match(await readFile(join(root, "own/etc/group"), "utf8"), /^nginx:x:101:$/m);
    assert.equal((await stat(join(root, "own/tmp"))).mode & 0o7777, 0o1777);
  });

  it("names a user once where the recipe's user is one that every image has", async () => {
    await write(IMAGE_RECIPES.prometheus);
    const users = await readFile(join(root, "own/etc/passwd"), "utf8");
    assert.equal(users.split("\n").filter((line) => line.includes(":65534:")).length, 1);
  });

  it("lets nginx modules be loaded by the official image's paths, and logs to the container's streams", async () => {
    await write(IMAGE_RECIPES.front);
    assert.equal(await readlink(join(root, "own/etc/nginx/modules")), "/usr/lib/nginx/modules");
    assert.equal(await readlink(join(root, "own/var/log/nginx/error.log")), "/dev/stderr");
    assert.equal(await readlink(join(root, "own/var/log/nginx/access.log")), "/dev/stdout");
  });

  it("brings a shell, but hides no program of the packages", async () => {
    await write(IMAGE_RECIPES.front);
    assert.equal(await readlink(join(root, "own/usr/bin/sh")), "busybox");
    await assert.rejects(lstat(join(root, "own/usr/bin/ls")), { code: "ENOENT" });
  });

  it("copies programs so that any user may run them", async () => {
    await writeFile(join(root, "program"), "binary", { mode: 0o600 });
    await write(IMAGE_RECIPES["inference-sim"], new Map([["app/llm-d-inference-sim", join(root, "program")]]));
    const { mode } = await stat(join(root, "own/app/llm-d-inference-sim"));
    assert.equal(mode & 0o777, 0o755);
    assert.equal((await stat(join(root, "own/app"))).mode & 0o555, 0o555);
  });

  it("is readable for the image's user even when built under a strict umask", async () => {
    const before = process.umask(0o077);
    try {
      await write(IMAGE_RECIPES.front);
    } finally {
      process.umask(before);
    }
    assert.equal((await stat(join(root, "own/etc/nginx"))).mode & 0o777, 0o755);
    assert.equal((await stat(join(root, "own/etc/passwd"))).mode & 0o777, 0o644);
  });
});
