import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freeSpace, isDiskFull, requireDiskSpace } from "../../../rehearsal/toolchain/disk.ts";
import { run } from "../../../rehearsal/toolchain/process.ts";

describe("disk space", () => {
  const oneDisk = () => Promise.resolve({ device: 1, mebibytes: 1000 });

  it("is measured where a folder will be, even before it exists", async () => {
    const there = await freeSpace(tmpdir());
    const later = await freeSpace(join(tmpdir(), "not", "made", "yet"));
    assert.equal(later.device, there.device);
    assert.ok(later.mebibytes > 0);
  });

  it("refuses a build that would fill the disk, naming folders, room, need and remedy", async () => {
    const needs = [
      { path: "/home/me/.cache/stack", mebibytes: 400 },
      { path: "/home/me/.cache/go-build", mebibytes: 700 },
    ];
    await assert.rejects(requireDiskSpace("building Kubernetes", needs, oneDisk), {
      name: "ToolchainError",
      message:
        "/home/me/.cache/stack and /home/me/.cache/go-build: 1000 MiB free – building Kubernetes needs 1100 MiB. " +
        "Free room there, or set VLLM_STACK_CACHE (and GOCACHE, GOMODCACHE for Go) to a folder on a larger disk.",
    });
  });

  it("adds up only what lands on the same disk", async () => {
    const disks = (path: string) => Promise.resolve({ device: path === "/a" ? 1 : 2, mebibytes: 1000 });
    const needs = [
      { path: "/a", mebibytes: 900 },
      { path: "/b", mebibytes: 900 },
    ];
    await requireDiskSpace("building", needs, disks);
    await assert.rejects(requireDiskSpace("building", needs, oneDisk));
  });

  it("recognises a full disk from the output of the program that met it", async () => {
    await assert.rejects(run("sh", ["-c", "head -c 1 /dev/zero > /dev/full"]), (error) => isDiskFull(error));
    await assert.rejects(run("sh", ["-c", "echo some other fault >&2; exit 1"]), (error) => !isDiskFull(error));
    assert.equal(isDiskFull(Object.assign(new Error("write"), { code: "ENOSPC" })), true);
  });
});
