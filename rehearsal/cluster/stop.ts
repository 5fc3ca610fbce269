import { execFile } from "node:child_process";
import { rm, rmdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { Progress } from "../progress.ts";
import { silentProgress } from "../progress.ts";
import { removeCgroups } from "./cgroups.ts";
import { clusterId, layoutOf, type Layout } from "./layout.ts";
import { clusterMounts, clusterProcesses, findLeftovers } from "./leftovers.ts";
import { withLock } from "./lock.ts";
import { describeProcess, errorCode, killAll } from "./processes.ts";
import { readState, writeState } from "./state.ts";
import { ClusterError } from "./types.ts";

const KILL_TIMEOUT_MS = 15_000;
const CGROUP_TIMEOUT_MS = 10_000;

/** What {@link stopCluster} needs to know. */
export interface StopOptions {
  readonly stateDir: string;
  readonly progress?: Progress;
}

/**
 * Ends a cluster and removes everything it made, in whatever condition it is: running, half started, or left behind by a
 * process that was killed. Works from any process; a cluster that doesn't exist is fine.
 * @throws ClusterError if something can't be removed, or while another process starts or stops the cluster
 */
export async function stopCluster({ stateDir, progress = silentProgress }: StopOptions): Promise<void> {
  const layout = layoutOf(stateDir);
  if (!existsSync(layout.root) && findLeftovers(stateDir).length === 0) return;
  const step = progress.step("stop the embedded cluster");
  try {
    await withLock(layout.lockFile, () => cleanUp(layout));
    await rm(layout.logs, { recursive: true, force: true });
    await removeIfEmpty(layout.root);
    step.done();
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error;
  }
}

/**
 * Removes everything but the logs. The caller holds the lock.
 * The end of the process that owns the namespaces ends everything in them, mounts and network included; the rest is found by
 * marker and control group, so nothing depends on how far the records got.
 */
export async function cleanUp(layout: Layout): Promise<void> {
  const state = readState(layout.root);
  if (state !== undefined) writeState(layout.root, { ...state, phase: "stopping" });
  const stuck = await killAll(() => clusterProcesses(layout.root), KILL_TIMEOUT_MS);
  if (stuck.length > 0) {
    throw new ClusterError(
      `${stuck.map(describeProcess).join(", ")}: not ended ${KILL_TIMEOUT_MS / 1000} s after SIGKILL, the kernel holds it. Stop again later; if it stays, restart the machine.`,
    );
  }
  const busy = await removeCgroups(clusterId(layout.root), CGROUP_TIMEOUT_MS);
  if (busy.length > 0) {
    throw new ClusterError(
      `control groups ${busy.join(", ")} stay busy. Stop again; if they stay, restart the machine.`,
    );
  }
  await unmountAll(layout.root);
  const runtimeFiles = [layout.sockets, layout.config, layout.variable, layout.temporary, layout.kubeconfig];
  for (const path of runtimeFiles) await rm(path, { recursive: true, force: true });
  // Last: as long as anything is left, there is a record that says so.
  await rm(layout.stateFile, { force: true });
}

/** The folder goes too, unless somebody keeps other things in it. */
async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY"].includes(errorCode(error) ?? "")) throw error;
  }
}

/** The cluster mounts nothing in the host's table; deleting files below a mount somebody else made there would be worse. */
async function unmountAll(root: string): Promise<void> {
  for (const path of clusterMounts(root)) {
    try {
      await promisify(execFile)("umount", [path]);
    } catch (error) {
      throw new ClusterError(
        `${path}: a mount below the cluster's folder can't be undone: ${String(error)}. Unmount it and stop again.`,
      );
    }
  }
}
