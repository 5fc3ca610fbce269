import assert from "node:assert/strict";
import { lstat, mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianRoot } from "../../../rehearsal/toolchain/debian.ts";
import type { DebianRoot, DebianRootSpec } from "../../../rehearsal/toolchain/debian.ts";
import { SCRIPT_HELPERS } from "../../../rehearsal/toolchain/debian-roots.ts";
import { run } from "../../../rehearsal/toolchain/process.ts";

const SPEC: DebianRootSpec = {
  // conntrack needs libraries that machines rarely have; mount brings setuid programs.
  packages: ["conntrack", "mount"],
  absent: SCRIPT_HELPERS,
  host: { programs: { conntrack: "self" } },
  mebibytes: 50,
};

/** What a change by the machine's own package management would show in. */
async function hostState(): Promise<readonly string[]> {
  const lines: string[] = [];
  const folders = ["/var/lib/apt", "/var/lib/apt/lists", "/var/cache/apt", "/var/cache/apt/archives", "/var/lib/dpkg"];
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      const { mtimeMs, size } = await lstat(join(folder, name));
      lines.push(`${folder}/${name} ${mtimeMs} ${size}`);
    }
  }
  return lines;
}

describe("unpacking Debian packages", function () {
  this.timeout(180_000);
  let cache: string;
  let hostBefore: readonly string[];
  let root: DebianRoot;
  const options = () => ({ cache, onUpdate: () => undefined });

  before(async () => {
    cache = await mkdtemp(join(tmpdir(), "debian-test-"));
    hostBefore = await hostState();
    root = await debianRoot("example", SPEC, options());
  });
  after(async () => {
    await rm(cache, { recursive: true });
  });

  it("leaves the machine's apt and dpkg as they were", async () => {
    assert.deepEqual(await hostState(), hostBefore);
  });

  it("takes everything the packages need, as on an empty system, without what only maintainer scripts call", () => {
    const names = root.packages.map((item) => item.name);
    for (const needed of ["conntrack", "libc6", "libmnl0", "mount", "libmount1"])
      assert.ok(names.includes(needed), needed);
    for (const absent of SCRIPT_HELPERS) assert.ok(!names.includes(absent), absent);
    for (const { sha256 } of root.packages) assert.match(sha256, /^[0-9a-f]{64}$/);
  });

  it("keeps the merged /usr, into which packages of either layout unpack", async () => {
    for (const name of ["bin", "sbin", "lib"]) assert.equal(await readlink(join(root.root, name)), `usr/${name}`);
    assert.ok((await lstat(join(root.root, "usr/bin/mount"))).isFile());
  });

  it("leaves no program in the cache that would run with its owner's rights", async () => {
    assert.equal(await run("find", [root.root, "-perm", "/6000"]), "");
  });

  it("leaves out documentation", async () => {
    await assert.rejects(lstat(join(root.root, "usr/share/man")), { code: "ENOENT" });
  });

  it("makes a program run on this machine with libraries the machine doesn't have", async () => {
    assert.match(await run(join(root.folder, "bin/conntrack"), ["--version"]), /^conntrack v\d/);
    const libraries = await readdir(join(root.folder, "lib"));
    assert.ok(libraries.some((name) => name.startsWith("libnetfilter_conntrack.so")));
    assert.ok(!libraries.includes("libc.so.6"), "the C library stays the machine's, as its loader does");
  });

  it("is done once", async () => {
    assert.equal((await debianRoot("example", SPEC, options())).reused, true);
  });

  it("names a package that is not to be had, and what to check", async () => {
    const missing = { ...SPEC, packages: ["conntrack", "no-such-package-anywhere"] };
    await assert.rejects(debianRoot("missing", missing, options()), {
      name: "ToolchainError",
      message:
        /sources do not give all of conntrack, no-such-package-anywhere.*\n.*E: Unable to locate package no-such-package-anywhere/,
    });
  });
});
