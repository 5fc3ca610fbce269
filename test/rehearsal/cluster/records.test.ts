import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clusterId, layoutOf } from "../../../rehearsal/cluster/layout.ts";
import { findLeftovers, parseMountPoints } from "../../../rehearsal/cluster/leftovers.ts";
import { lockHolder, withLock } from "../../../rehearsal/cluster/lock.ts";
import { boundLogs, lastLines } from "../../../rehearsal/cluster/logs.ts";
import {
  findMarked,
  identify,
  isAlive,
  kill,
  killAll,
  MARKER,
  parseStat,
} from "../../../rehearsal/cluster/processes.ts";
import { changeState, readState, writeState, type ClusterState } from "../../../rehearsal/cluster/state.ts";
import { clusterStatus } from "../../../rehearsal/cluster/status.ts";
import { stopCluster } from "../../../rehearsal/cluster/stop.ts";
import { ClusterError } from "../../../rehearsal/cluster/types.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cluster-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const state: ClusterState = {
  version: 1,
  name: "a",
  bootId: "boot",
  phase: "starting",
  toolsDigest: "d",
  systemPrograms: "/bin",
  environment: {},
  snapshotter: "overlayfs",
  cgroupFiles: [],
  daemons: {},
  images: {},
  apiPort: 0,
};

/** A process of another program that runs until it is killed. */
async function sleeper(environment: Record<string, string> = {}) {
  const child = spawn("sleep", ["60"], { env: { PATH: "/usr/bin:/bin", ...environment }, stdio: "ignore" });
  await once(child, "spawn");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity);
  return { child, identity, ended: once(child, "exit") };
}

describe("a process's identity", () => {
  it("is read correctly whatever the program is called", () => {
    const stat = "12 (a) b (c)) S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 998877 1 2";
    assert.deepEqual(parseStat(stat), { state: "S", parent: 7, startTime: "998877" });
  });

  it("is not shared by a later process with the same pid, which is never killed", async () => {
    const { child, identity, ended } = await sleeper();
    const earlier = { pid: identity.pid, startTime: "1" };
    assert.equal(isAlive(earlier), false);
    kill(earlier);
    assert.equal(isAlive(identity), true);
    child.kill("SIGKILL");
    await ended;
    assert.equal(isAlive(identity), false);
  });

  it("is found by the marker in the environment, by no other value of it, and without any record", async () => {
    const { identity, ended } = await sleeper({ [MARKER]: "cluster-one" });
    assert.deepEqual(findMarked("cluster-one"), [identity]);
    assert.deepEqual(findMarked("cluster-on"), []);
    assert.deepEqual(await killAll(() => findMarked("cluster-one"), 5000), []);
    await ended;
  });
});

describe("the state of a cluster", () => {
  it("is read back as it was written, and replaced as a whole", () => {
    writeState(folder, state);
    changeState(folder, ({ daemons }) => ({ daemons: { ...daemons, etcd: { pid: 5, startTime: "6" } } }));
    assert.deepEqual(readState(folder), { ...state, daemons: { etcd: { pid: 5, startTime: "6" } } });
    assert.deepEqual(readdirSync(folder), ["state.json"]);
  });

  it("is absent where no cluster is", () => {
    assert.equal(readState(folder), undefined);
    assert.throws(() => changeState(folder, () => ({})), /no cluster here any more/);
  });

  it("is refused when another version wrote it, with what to do", () => {
    writeFileSync(layoutOf(folder).stateFile, '{ "version": 99 }');
    assert.throws(
      () => readState(folder),
      /not the state of a cluster of this version.*Stop the cluster with the version/s,
    );
  });

  it("tells an interrupted start and a restarted machine apart", async () => {
    writeState(folder, state);
    assert.deepEqual(await clusterStatus(folder), {
      kind: "broken",
      problems: ["the machine was restarted since it was started"],
    });
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    writeState(folder, { ...state, bootId });
    assert.deepEqual(await clusterStatus(folder), { kind: "broken", problems: ["its start was interrupted"] });
  });
});

describe("the lock of a cluster", () => {
  it("keeps two processes from starting and stopping it at the same time, and names the other", async () => {
    const { child, identity, ended } = await sleeper();
    const { lockFile } = layoutOf(folder);
    writeFileSync(lockFile, JSON.stringify(identity));
    assert.deepEqual((await clusterStatus(folder)).kind, "busy");
    await assert.rejects(
      withLock(lockFile, () => Promise.resolve()),
      new RegExp(`is being started or stopped by process ${identity.pid} \\(sleep 60\\)`),
    );
    child.kill("SIGKILL");
    await ended;
    assert.equal(await withLock(lockFile, () => Promise.resolve("done")), "done");
  });

  it("is free again when its holder crashed, even before it wrote its name", async () => {
    const { lockFile } = layoutOf(folder);
    writeFileSync(lockFile, "");
    assert.equal(lockHolder(lockFile), undefined);
    assert.equal(await withLock(lockFile, () => Promise.resolve("done")), "done");
  });

  it("is released when the work fails", async () => {
    const { lockFile } = layoutOf(folder);
    await assert.rejects(withLock(lockFile, () => Promise.reject(new ClusterError("no"))));
    assert.equal(await withLock(lockFile, () => Promise.resolve("done")), "done");
  });
});

describe("stopping", () => {
  it("is fine where there is no cluster", async () => {
    await stopCluster({ stateDir: join(folder, "nothing") });
  });

  it("finds a process that was never recorded, and removes the folder", async () => {
    const { identity, ended } = await sleeper({ [MARKER]: clusterId(folder) });
    writeState(folder, state);
    assert.match(findLeftovers(folder).join("\n"), new RegExp(`process ${identity.pid} \\(sleep 60\\)`));
    await stopCluster({ stateDir: folder });
    await ended;
    assert.deepEqual(findLeftovers(folder), []);
    assert.throws(() => readdirSync(folder), { code: "ENOENT" });
  });

  it("leaves a file that somebody else keeps in the folder", async () => {
    writeState(folder, state);
    mkdirSync(join(folder, "config"));
    writeFileSync(join(folder, "notes.txt"), "mine");
    await stopCluster({ stateDir: folder });
    assert.deepEqual(readdirSync(folder), ["notes.txt"]);
  });
});

describe("mounts of a cluster", () => {
  it("are those at or below its folder, the deepest first, with blanks in their names", () => {
    const mountinfo = [
      "1 0 8:1 / / rw - ext4 /dev/a rw",
      "2 1 0:5 / /c/x rw - tmpfs tmpfs rw",
      "3 1 0:5 / /c/x/deep\\040er rw - tmpfs tmpfs rw",
      "4 1 0:5 / /c/xy rw - tmpfs tmpfs rw",
    ].join("\n");
    assert.deepEqual(parseMountPoints(mountinfo, "/c/x"), ["/c/x/deep er", "/c/x"]);
  });
});

describe("daemons' logs", () => {
  it("are moved aside when they exceed the limit, and go on in the same file", () => {
    const log = join(folder, "etcd.log");
    writeFileSync(log, "0123456789");
    boundLogs(folder, 10);
    assert.equal(readFileSync(log, "utf8"), "0123456789");
    boundLogs(folder, 9);
    assert.equal(readFileSync(log, "utf8"), "");
    assert.equal(readFileSync(`${log}.1`, "utf8"), "0123456789");
  });

  it("are quoted by their last lines, also when they are long or missing", () => {
    const log = join(folder, "etcd.log");
    assert.deepEqual(lastLines(log, 2), []);
    writeFileSync(log, `${"x".repeat(100_000)}\nlast but one\nlast\n`);
    assert.deepEqual(lastLines(log, 2), ["last but one", "last"]);
  });
});
