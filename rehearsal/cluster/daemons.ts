import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { clusterId, type Layout } from "./layout.ts";
import { lastLines } from "./logs.ts";
import { enterCommand, joinCommand } from "./namespaces.ts";
import { identify, MARKER } from "./processes.ts";
import { changeState, requireState, type ClusterState } from "./state.ts";
import { ClusterError, type ClusterTools } from "./types.ts";

/** One program of the cluster that runs until it is stopped. */
export interface Daemon {
  readonly name: string;
  readonly command: readonly string[];
  /** Whether it runs in the cluster's namespaces; the gateway and the holder of the namespaces do not. */
  readonly inside: boolean;
}

/** How many lines of its log a message about a dead daemon quotes. */
const QUOTED_LINES = 12;

/** Starts the daemons of one cluster and notices when one of them ends while the cluster is being started. */
export class Supervisor {
  readonly #layout: Layout;
  readonly #tools: ClusterTools;
  readonly #failed = Promise.withResolvers<never>();

  constructor(layout: Layout, tools: ClusterTools) {
    this.#layout = layout;
    this.#tools = tools;
    // Whoever races against it sees the rejection; if nobody does any more, it must not end the process.
    this.#failed.promise.catch(() => undefined);
  }

  /** Starts a daemon in the cluster's control group, its output appended to its log, and records it in the state. */
  start(daemon: Daemon): ChildProcess {
    const state = requireState(this.#layout.root);
    const command = daemon.inside ? enterCommand(this.#holder(state), daemon.command) : daemon.command;
    const [program = "", ...rest] = joinCommand(state.cgroupFiles, command);
    const log = openSync(logPath(this.#layout, daemon.name), "a", 0o600);
    const child = spawn(program, rest, {
      cwd: this.#layout.root,
      detached: true,
      stdio: ["ignore", log, log],
      env: this.environment(),
    });
    closeSync(log);
    child.unref();
    child.once("error", (error) => {
      this.#fail(daemon.name, error.message);
    });
    child.once("exit", (code, signal) => {
      this.#fail(daemon.name, signal ?? `exit code ${String(code)}`);
    });
    if (child.pid !== undefined) this.#record(daemon, child.pid);
    return child;
  }

  /** Resolves or rejects as `work` does, unless a daemon ends before. */
  whileAlive<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#failed.promise]);
  }

  /** What every program of the cluster finds in its environment. */
  environment(): Record<string, string> {
    const path = [this.#tools.systemPrograms, "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
    return {
      PATH: path.join(":"),
      HOME: "/root",
      TMPDIR: this.#layout.temporary,
      [MARKER]: clusterId(this.#layout.root),
    };
  }

  #record(daemon: Daemon, pid: number): void {
    const identity = identify(pid);
    // It ended already; its exit says so.
    if (identity === undefined) return;
    changeState(this.#layout.root, ({ daemons }) => {
      if (daemon.name === HOLDER) return { holder: identity };
      return { daemons: { ...daemons, [daemon.name]: identity } };
    });
  }

  #fail(name: string, how: string): void {
    this.#failed.reject(daemonEnded(this.#layout, name, how));
  }

  #holder(state: ClusterState): number {
    if (state.holder === undefined) throw new Error("the namespaces are entered before they are made");
    return state.holder.pid;
  }
}

/** Name of the daemon that owns the namespaces. */
export const HOLDER = "namespaces";

/** Where a daemon's output goes. */
export const logPath = (layout: Layout, daemon: string): string => join(layout.logs, `${daemon}.log`);

/** The error for a daemon that ended: its last words and where to read the rest. */
export function daemonEnded(layout: Layout, name: string, how: string): ClusterError {
  const path = logPath(layout, name);
  const quoted = lastLines(path, QUOTED_LINES).map((text) => `  ${text}`);
  const words = quoted.length > 0 ? ["Its last lines:", ...quoted] : ["It wrote nothing."];
  return new ClusterError(
    [
      `${name} ended (${how}) while the cluster was starting.`,
      ...words,
      `${remedy(quoted)} The whole log: ${path}`,
    ].join("\n"),
  );
}

/** Known last words and what helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/no space left on device/i, "The disk is full: make room in the state folder's file system and start again."],
  [/too many open files|inotify/i, "Raise the limit (sysctl fs.inotify.max_user_instances=512) and start again."],
  [/address already in use/i, "Stop the cluster and start it again: a daemon of an earlier start is still there."],
  [
    /(operation not permitted|permission denied)/i,
    "The kernel refuses: run as root, and in a container with --privileged.",
  ],
  [/no such file or directory|not found/i, "A program or library is missing: prepare the toolchain again."],
];

function remedy(lines: readonly string[]): string {
  const text = lines.join("\n");
  return (
    REMEDIES.find(([pattern]) => pattern.test(text))?.[1] ?? "Start again; if it ends the same way, the log says why."
  );
}
