import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cacheKey, cached, isCached } from "./cache.ts";
import type { CacheEntry, CachedEntry } from "./cache.ts";
import { isDiskFull, requireDiskSpace } from "./disk.ts";
import { CommandError, ToolchainError } from "./errors.ts";
import { isErrno, run } from "./process.ts";
import { binariesOf } from "./tools.ts";
import type { GoTool } from "./tools.ts";

/** How a build is run and reported. */
export interface BuildOptions {
  /** Root of the cache, see `cacheRoot`. */
  readonly cache: string;
  readonly signal?: AbortSignal | undefined;
  /** What the build does now, for a progress line. */
  readonly onUpdate: (text: string) => void;
}

/** Part of every key: raise it when the way of building changes so that old results must not be reused. */
const RECIPE = 1;
/** Settings of every build: static binaries, no downloads of other Go versions, wrappers never rewritten. */
const SETTINGS = { CGO_ENABLED: "0", GOTOOLCHAIN: "local", GOWORK: "off", GOFLAGS: "-mod=readonly -buildvcs=false" };

/**
 * Builds a tool's binaries into `bin/` of a cache entry, unless they are there. Go's own caches make an interrupted
 * build resume where it was.
 * @throws {ToolchainError} when Go is missing or too old, or a disk too small; `CommandError` when the build fails
 */
export async function buildGoTool(name: string, tool: GoTool, options: BuildOptions): Promise<CachedEntry> {
  const sources = await readModule(tool.module);
  const ldflags = linkerFlags(tool);
  const lock = {
    signal: options.signal,
    onWait: ({ pid }: { pid: number }) => {
      options.onUpdate(`process ${pid} is building it; waiting`);
    },
  };
  return cached(options.cache, entryOf(name, tool, sources), lock, async (folder) => {
    const env = { ...process.env, ...SETTINGS, GOTMPDIR: join(folder, "tmp") };
    const go = await requireGo(tool, sources["go.mod"] ?? "", env);
    await requireDiskSpace(`building ${tool.title}`, [
      { path: options.cache, mebibytes: tool.need.output },
      { path: go.buildCache, mebibytes: tool.need.buildCache },
      { path: go.moduleCache, mebibytes: tool.need.moduleCache },
    ]);
    await mkdir(env.GOTMPDIR);
    const report = buildReporter(options.onUpdate);
    const target = tool.output === undefined ? join(folder, "bin/") : join(folder, "bin", tool.output);
    const tags = tool.tags === undefined ? [] : ["-tags", tool.tags.join(",")];
    const args = [
      "build",
      "-v",
      "-p",
      String(availableParallelism()),
      "-trimpath",
      ...tags,
      "-ldflags",
      ldflags,
      "-o",
      target,
    ];
    await mkdir(join(folder, "bin"));
    try {
      await run("go", [...args, ...tool.packages], { cwd: tool.module, env, signal: options.signal, onLine: report });
    } catch (error) {
      if (!(error instanceof CommandError) || isDiskFull(error)) throw error;
      throw new ToolchainError(
        [
          `${tool.title}: the build failed – see Go's words below. If modules could not be downloaded, check the network, ` +
            "the proxy and GOPROXY; the next run goes on where this one stopped.",
          ...error.tail,
        ].join("\n  "),
        { cause: error },
      );
    }
    await rm(env.GOTMPDIR, { recursive: true, force: true });
  });
}

/** Where a tool's binaries are in the cache, by everything they depend on. */
function entryOf(name: string, tool: GoTool, sources: Readonly<Record<string, string>>): CacheEntry {
  const key = cacheKey({
    recipe: RECIPE,
    sources,
    ldflags: linkerFlags(tool),
    ...(tool.tags === undefined ? {} : { tags: tool.tags }),
    packages: tool.packages,
    settings: SETTINGS,
    platform: process.platform,
    architecture: process.arch,
  });
  return { name, key, outputs: binariesOf(tool).map((binary) => join("bin", binary)) };
}

/**
 * Refuses to go on where one of the tools has yet to be built and this machine's Go can't: a build of minutes shall not
 * end at a later tool for a reason that was known before the first.
 * @throws {ToolchainError} when Go is missing or too old
 */
export async function requireGoFor(tools: Readonly<Record<string, GoTool>>, cache: string): Promise<void> {
  for (const [name, tool] of Object.entries(tools)) {
    const sources = await readModule(tool.module);
    if (await isCached(cache, entryOf(name, tool, sources))) continue;
    await requireGo(tool, sources["go.mod"] ?? "", { ...process.env, ...SETTINGS });
  }
}

/** The files a build depends on, by name: go.mod, go.sum and Go sources, as wrapper modules are flat. */
async function readModule(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name)).sort();
  const files: Record<string, string> = {};
  for (const name of names) files[name] = await readFile(join(folder, name), "utf8");
  return files;
}

function linkerFlags(tool: GoTool): string {
  const variables = Object.entries(tool.variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["-s", "-w", ...variables].join(" ");
}

/** Turns `go build -v`, one line per compiled package, into a count. */
function buildReporter(onUpdate: (text: string) => void): (line: string) => void {
  let compiled = 0;
  return (line) => {
    const download = /^go: downloading (\S+ \S+)/.exec(line);
    if (download?.[1] !== undefined) onUpdate(`downloading ${download[1]}`);
    else if (/^[\w./~-]+$/.test(line)) onUpdate(`compiled ${++compiled} packages, last ${line}`);
  };
}

/** What `go env` said. */
interface Go {
  readonly buildCache: string;
  readonly moduleCache: string;
}

async function requireGo(tool: GoTool, goMod: string, env: NodeJS.ProcessEnv): Promise<Go> {
  const needed = /^go (\S+)/m.exec(goMod)?.[1] ?? "1.26";
  let output: string;
  try {
    // Outside the module: an older Go refuses to say anything inside a module that needs a newer one.
    output = await run("go", ["env", "GOVERSION", "GOCACHE", "GOMODCACHE"], { cwd: "/", env });
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    throw new ToolchainError(
      `go: not found on the PATH – ${tool.title} is built from its Go module and needs Go ${needed} or newer. ` +
        "Install it from https://go.dev/dl/ or your distribution's backports.",
    );
  }
  const [version = "", buildCache = "", moduleCache = ""] = output.split("\n");
  if (!isAtLeast(version, needed)) {
    throw new ToolchainError(
      `go: ${version.replace(/^go/, "")} – ${tool.title} needs Go ${needed} or newer. Install a newer one from https://go.dev/dl/ and put it first on the PATH.`,
    );
  }
  return { buildCache, moduleCache };
}

/**
 * Whether a Go version ("go1.26.8", "go1.27rc1", "devel …") satisfies the `go` line of a go.mod ("1.26.0").
 * Development versions count as new enough: they are newer than any release one could ask for.
 */
export function isAtLeast(version: string, needed: string): boolean {
  if (version.startsWith("devel")) return true;
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [major = 0, minor = 0, patch = 0] = numbers(version.replace(/(rc|beta)\d+.*$/, ""));
  const [neededMajor = 0, neededMinor = 0, neededPatch = 0] = numbers(needed);
  if (major !== neededMajor) return major > neededMajor;
  if (minor !== neededMinor) return minor > neededMinor;
  return patch >= neededPatch;
}
