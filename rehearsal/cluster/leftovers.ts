import { existsSync, readFileSync } from "node:fs";
import { cgroupMembers, findCgroups } from "./cgroups.ts";
import { clusterId, layoutOf } from "./layout.ts";
import { describeProcess, findMarked, identify, type ProcessIdentity } from "./processes.ts";

/**
 * The live processes of the cluster in a state folder: those that carry its marker, and those in its control groups
 * (containers get a fresh environment, but can't leave their group).
 */
export function clusterProcesses(stateDir: string): readonly ProcessIdentity[] {
  const id = clusterId(stateDir);
  const byPid = new Map([...findMarked(id), ...cgroupMembers(id)].map((found) => [found.pid, found]));
  byPid.delete(process.pid);
  return [...byPid.values()];
}

/** Mount points in the host's table that have to do with a state folder, the deepest first. */
export function clusterMounts(stateDir: string): readonly string[] {
  const { root } = layoutOf(stateDir);
  return parseMountPoints(readFileSync("/proc/self/mountinfo", "utf8"), root);
}

/** Mount points at or below a folder in the text of a `mountinfo` file, the deepest first. */
export function parseMountPoints(mountinfo: string, folder: string): readonly string[] {
  return mountinfo
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length);
}

/** The kernel writes blanks and backslashes in paths as octal numbers. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/**
 * Whatever a cluster left on the machine, one line each: processes, control groups, mounts, records. Network namespaces,
 * interfaces, address translation rules and inner mounts live in namespaces that end with their last process.
 * Meaningful when the cluster is stopped; of a running one it lists what it is made of.
 */
export function findLeftovers(stateDir: string): readonly string[] {
  const layout = layoutOf(stateDir);
  const files = [layout.stateFile, layout.sockets, layout.config, layout.variable, layout.kubeconfig];
  return [
    ...clusterProcesses(stateDir)
      .filter(({ pid }) => identify(pid) !== undefined)
      .map((found) => `process ${describeProcess(found)}`),
    ...findCgroups(clusterId(stateDir)).map((path) => `control group ${path}`),
    ...clusterMounts(stateDir).map((path) => `mount ${path}`),
    ...files.filter((path) => existsSync(path)).map((path) => `file ${path}`),
  ];
}
