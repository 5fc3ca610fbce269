import { basename, join } from "node:path";
import type { Progress } from "../progress.ts";
import { detectDistribution } from "./apt.ts";
import { cacheRoot } from "./cache.ts";
import { debianRoot } from "./debian.ts";
import { NODE_ROOT } from "./debian-roots.ts";
import { ToolchainError } from "./errors.ts";
import { buildGoTool, requireGoFor } from "./go.ts";
import type { BuildOptions } from "./go.ts";
import { GO_TOOLS, binariesOf } from "./tools.ts";
import type { GoToolName } from "./tools.ts";

/** What can be prepared: the programs built from Go modules, and `node`, what Debian gives a Kubernetes node. */
export type ToolName = GoToolName | "node";

/** All of them, in the order they are best prepared: what most others wait for first. */
export const TOOL_NAMES: readonly ToolName[] = [
  "pulumi",
  "node",
  "kubernetes",
  "kwok",
  "inference-sim",
  "coredns",
  "prometheus",
  "pause",
];

/** How {@link prepareTools} works and reports. */
export interface PrepareOptions {
  readonly progress: Progress;
  /** Ends builds and downloads; what is complete by then is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Root of the cache. @default {@link cacheRoot} */
  readonly cache?: string;
}

/** Where prepared programs are. All paths are absolute. */
export interface Toolchain {
  /** Root of the cache everything is in. */
  readonly cache: string;
  /** Folder whose `bin/pulumi` is the engine, for `PulumiCommand.get({ root })`. Throws unless `pulumi` was prepared. */
  readonly pulumiRoot: string;
  /** Debian's part of a Kubernetes node. Throws unless `node` was prepared. */
  readonly debian: DebianNode;
  /** Path of a program, for instance `kubelet` or `containerd`. Throws if no prepared tool has it. */
  bin(name: string): string;
}

/** The unpacked packages of a Kubernetes node. */
export interface DebianNode {
  /** Programs that run on this machine (etcd, containerd, runc, iptables, …); put it first on the PATH of every daemon. */
  readonly bin: string;
  /** The CNI plugins, for containerd's `bin_dir`. They find iptables through the PATH. */
  readonly cni: string;
  /** The unpacked root itself. */
  readonly root: string;
}

/**
 * Makes the named tools available in the cache, reusing what is there.
 * Go programs are built one after the other (each build uses all processors).
 * @throws {ToolchainError} with the remedy when Go is missing or too old, the disk full, or the host not Debian-like
 */
export async function prepareTools(names: readonly ToolName[], options: PrepareOptions): Promise<Toolchain> {
  const cache = options.cache ?? cacheRoot();
  const programs = new Map<string, string>();
  const tools = new Map<ToolName, string>();
  let debian: DebianNode | undefined;
  for (const name of TOOL_NAMES.filter((candidate) => names.includes(candidate))) {
    if (name === "node") {
      const node = await reported("Debian packages of a node", options, cache, (build) =>
        debianRoot("node", NODE_ROOT, build),
      );
      debian = { bin: join(node.folder, "bin"), cni: join(node.root, "usr/lib/cni"), root: node.root };
      for (const program of Object.keys(NODE_ROOT.host?.programs ?? {})) {
        programs.set(program, join(debian.bin, program));
      }
    } else {
      const tool = GO_TOOLS[name];
      const { folder } = await reported(tool.title, options, cache, (build) => buildGoTool(name, tool, build));
      tools.set(name, folder);
      for (const program of binariesOf(tool)) programs.set(program, join(folder, "bin", program));
    }
  }
  return new PreparedToolchain(cache, programs, tools, debian);
}

/**
 * What keeps this machine from preparing the named tools, found out before the first of them is built: no fitting Go for
 * those that aren't in the cache, no apt.
 * @returns complete messages; none where everything can be had
 */
export async function toolProblems(
  names: readonly ToolName[],
  cache: string = cacheRoot(),
): Promise<readonly string[]> {
  const goTools = Object.fromEntries(
    Object.entries(GO_TOOLS).filter(([name]) => names.some((other) => other === name)),
  );
  const checks = [requireGoFor(goTools, cache), ...(names.includes("node") ? [detectDistribution()] : [])];
  const results = await Promise.allSettled(checks);
  return results.flatMap((result) => {
    if (result.status === "fulfilled") return [];
    if (result.reason instanceof ToolchainError) return [result.reason.message];
    throw result.reason;
  });
}

/** Runs one preparation as a step of the progress. */
export async function reported<T extends { readonly folder: string; readonly reused: boolean }>(
  title: string,
  options: PrepareOptions,
  cache: string,
  work: (build: BuildOptions) => Promise<T>,
): Promise<T> {
  const step = options.progress.step(title);
  try {
    const onUpdate = (text: string): void => {
      step.update(text);
    };
    const result = await work({ cache, signal: options.signal, onUpdate });
    step.done(result.reused ? "in the cache" : `made ${basename(result.folder)}`);
    return result;
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? error.name) : String(error));
    throw error;
  }
}

class PreparedToolchain implements Toolchain {
  readonly cache: string;
  private readonly programs: ReadonlyMap<string, string>;
  private readonly tools: ReadonlyMap<ToolName, string>;
  private readonly node: DebianNode | undefined;

  constructor(
    cache: string,
    programs: ReadonlyMap<string, string>,
    tools: ReadonlyMap<ToolName, string>,
    node: DebianNode | undefined,
  ) {
    this.cache = cache;
    this.programs = programs;
    this.tools = tools;
    this.node = node;
  }

  get pulumiRoot(): string {
    return prepared(this.tools.get("pulumi"), "pulumi");
  }

  get debian(): DebianNode {
    return prepared(this.node, "node");
  }

  bin(name: string): string {
    const path = this.programs.get(name);
    if (path !== undefined) return path;
    const known = [...this.programs.keys()].sort().join(", ");
    throw new ToolchainError(
      `${name}: no prepared tool has this program – prepared are ${known || "none"}. Name its tool when calling prepareTools.`,
    );
  }
}

function prepared<T>(value: T | undefined, name: ToolName): T {
  if (value !== undefined) return value;
  throw new ToolchainError(`${name}: was not prepared – name it when calling prepareTools.`);
}
