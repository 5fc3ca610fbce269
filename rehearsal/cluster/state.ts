import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { z } from "zod";
import { layoutOf } from "./layout.ts";
import { errorCode } from "./processes.ts";
import { ClusterError } from "./types.ts";

const identity = z.strictObject({ pid: z.int().positive(), startTime: z.string() });

const stateSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  bootId: z.string(),
  phase: z.enum(["starting", "running", "stopping"]),
  /** Of the tools the daemons were started from. */
  toolsDigest: z.string(),
  /** {@link ClusterTools.systemPrograms}. */
  systemPrograms: z.string(),
  /** Environment of the daemons, and of programs run beside them. */
  environment: z.record(z.string(), z.string()),
  snapshotter: z.enum(["overlayfs", "native"]),
  /** The `cgroup.procs` files a new daemon joins. */
  cgroupFiles: z.array(z.string()),
  /** The process that owns the namespaces; its end is the end of everything in them. */
  holder: identity.optional(),
  daemons: z.record(z.string(), identity),
  /** Archive by reference, of the images imported into the node. */
  images: z.record(z.string(), z.string()),
  apiPort: z.int().nonnegative(),
});

/**
 * What is known of a cluster on disk. The file exists before anything else of the cluster does; processes and control groups
 * carry `clusterId`, so that one made just before a crash, and not recorded any more, is found all the same.
 */
export type ClusterState = z.infer<typeof stateSchema>;

/**
 * Reads the state of a cluster.
 * @returns undefined if there is none
 * @throws ClusterError if the file can't be understood
 */
export function readState(stateDir: string): ClusterState | undefined {
  const { stateFile } = layoutOf(stateDir);
  let text: string;
  try {
    text = readFileSync(stateFile, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const parsed = stateSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ClusterError(
    `${stateFile}: not the state of a cluster of this version – ${parsed.error.issues[0]?.message ?? "unreadable"}. ` +
      "Stop the cluster with the version that started it, or restart the machine and remove the folder.",
  );
}

/** Writes the state so that a crash leaves either the old or the new one. */
export function writeState(stateDir: string, state: ClusterState): void {
  const { stateFile } = layoutOf(stateDir);
  const temporary = `${stateFile}.${process.pid}`;
  const file = openSync(temporary, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(state, undefined, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, stateFile);
}

/**
 * Changes parts of the state.
 * @throws ClusterError if there is no cluster any more
 */
export function changeState(stateDir: string, change: (state: ClusterState) => Partial<ClusterState>): ClusterState {
  const state = requireState(stateDir);
  const changed = { ...state, ...change(state) };
  writeState(stateDir, changed);
  return changed;
}

/**
 * The state of a cluster that must exist.
 * @throws ClusterError if there is none, because another process has removed it
 */
export function requireState(stateDir: string): ClusterState {
  const state = readState(stateDir);
  if (state !== undefined) return state;
  throw new ClusterError(`${stateDir}: there is no cluster here any more; another process stopped it. Start it again.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
