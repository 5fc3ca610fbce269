import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { errorCode, identify, type ProcessIdentity } from "./processes.ts";
import { ClusterError } from "./types.ts";

/** One mounted control group hierarchy. */
export interface Hierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** Mount options; in version 1 they name the controllers. */
  readonly options: readonly string[];
}

/** The hierarchies in the text of `/proc/mounts`. Version 1, version 2 and hybrids (both) occur. */
export function parseHierarchies(mounts: string): readonly Hierarchy[] {
  return mounts.split("\n").flatMap((line) => {
    const [, path = "", type, options = ""] = line.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") return [];
    return [{ path, version: type === "cgroup2" ? 2 : 1, options: options.split(",") } as const];
  });
}

/** The hierarchies of this machine. */
export function hierarchies(): readonly Hierarchy[] {
  return parseHierarchies(readFileSync("/proc/mounts", "utf8"));
}

const UNIFIED = "/sys/fs/cgroup";

/** Whether the kubelet and runc will use version 2: they look at `/sys/fs/cgroup` itself. */
export const isUnified = (all: readonly Hierarchy[]): boolean =>
  all.some(({ path, version }) => path === UNIFIED && version === 2);

/** Controllers the kubelet asks for; in version 2 they have to be handed down level by level. */
const CONTROLLERS = ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"];
/** The daemons' own group, beside the kubelet's `kubepods`: in version 2 only leaves may hold processes. */
const DAEMONS = "daemons";

/**
 * Creates the control groups of a cluster in every hierarchy.
 * @returns the `cgroup.procs` files a daemon writes its pid into before it starts
 * @throws ClusterError where the machine does not allow it
 */
export function createCgroups(name: string): readonly string[] {
  try {
    const files = createInAll(name);
    requireControllers(name);
    return files;
  } catch (error) {
    if (!["EROFS", "EACCES", "EPERM"].includes(errorCode(error) ?? "")) throw error;
    const reason = error instanceof Error ? error.message : "";
    throw new ClusterError(
      `Control groups can't be made here (${reason}), as in an ordinary container. Start the container with --privileged, or use a cluster of your own with --context NAME.`,
    );
  }
}

/** What the kubelet refuses to start without on a version 2 host. */
const REQUIRED_CONTROLLERS = ["cpu", "memory", "pids"];

/**
 * In a container's version 2 hierarchy, whose root holds the container's processes, controllers can't be handed down.
 * @throws ClusterError
 */
function requireControllers(name: string): void {
  if (!isUnified(hierarchies())) return;
  const available = readFileSync(join(UNIFIED, name, "cgroup.controllers"), "utf8")
    .trim()
    .split(" ");
  const missing = REQUIRED_CONTROLLERS.filter((controller) => !available.includes(controller));
  if (missing.length === 0) return;
  throw new ClusterError(
    `${UNIFIED}: the control group controllers ${missing.join(", ")} can't be used below it, because processes live in the group itself. Start the container with --cgroupns=host, or move its processes into a child group first.`,
  );
}

function createInAll(name: string): readonly string[] {
  return hierarchies().flatMap((hierarchy) => {
    const root = join(hierarchy.path, name);
    const daemons = join(root, DAEMONS);
    mkdirSync(root, { recursive: true });
    if (hierarchy.version === 2) {
      delegate(hierarchy.path);
      delegate(root);
    } else if (hierarchy.options.includes("cpuset")) {
      inheritCpuset(hierarchy.path, root);
      mkdirSync(daemons, { recursive: true });
      inheritCpuset(root, daemons);
    }
    mkdirSync(daemons, { recursive: true });
    return [join(daemons, "cgroup.procs")];
  });
}

/** Enables the controllers a version 2 group has for its children; one that is refused is one nobody can use. */
function delegate(group: string): void {
  const available = readFileSync(join(group, "cgroup.controllers"), "utf8").trim().split(" ");
  for (const controller of available.filter((name) => CONTROLLERS.includes(name))) {
    try {
      writeFileSync(join(group, "cgroup.subtree_control"), `+${controller}`);
    } catch (error) {
      if (!["EBUSY", "EINVAL", "ENOTSUP", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) throw error;
    }
  }
}

/** A version 1 cpuset group accepts no process before it has processors and memory nodes. */
function inheritCpuset(parent: string, child: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    writeFileSync(join(child, file), readFileSync(join(parent, file), "utf8").trim());
  }
}

/** The existing control group folders of a cluster, the deepest first. */
export function findCgroups(name: string): readonly string[] {
  return hierarchies()
    .map(({ path }) => join(path, name))
    .filter((path) => existsSync(path))
    .flatMap(descend);
}

function descend(path: string): readonly string[] {
  try {
    const children = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...children.flatMap((child) => descend(join(path, child.name))), path];
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENODEV") return [];
    throw error;
  }
}

/** The live processes in a cluster's control groups: its daemons and the containers of its pods. */
export function cgroupMembers(name: string): readonly ProcessIdentity[] {
  const pids = findCgroups(name).flatMap((path) => {
    try {
      return readFileSync(join(path, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
    } catch (error) {
      if (["ENOENT", "ENODEV", "EOPNOTSUPP"].includes(errorCode(error) ?? "")) return [];
      throw error;
    }
  });
  return [...new Set(pids)].flatMap((pid) => identify(Number(pid)) ?? []);
}

/** Removes a cluster's control groups; resolves with the ones that are still busy after `timeoutMs`. */
export async function removeCgroups(name: string, timeoutMs: number): Promise<readonly string[]> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const left = findCgroups(name).filter((path) => !removed(path));
    if (left.length === 0 || Date.now() > deadline) return left;
    await sleep(50);
  }
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    if (errorCode(error) === "EBUSY" || errorCode(error) === "ENOTEMPTY") return false;
    throw error;
  }
}
