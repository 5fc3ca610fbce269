import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError, ToolchainError } from "./errors.ts";
import { isErrno, run } from "./process.ts";

/** The distribution this machine runs, as far as it decides which packages it gets. */
export interface Distribution {
  /** `ID` of /etc/os-release: debian, ubuntu, … */
  readonly id: string;
  /** `VERSION_ID`, empty for rolling ones. */
  readonly version: string;
  /** For people. */
  readonly title: string;
  /** Debian's name of the architecture: amd64, arm64. */
  readonly architecture: string;
}

/** One package of a resolved set. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
}

/** A closed set of packages to fetch. */
export interface PackageRequest {
  readonly packages: readonly string[];
  /** Treated as installed: neither they nor what only they need is fetched. */
  readonly absent: readonly string[];
}

const LISTS_MAX_AGE_MILLISECONDS = 24 * 3_600_000;
const SUPPORTED = "Debian 12 or 13, or Ubuntu 24.04 or newer";
const ALTERNATIVE = "Elsewhere, use a cluster of your own: npm start -- --context NAME";

/** Reads `KEY=value` lines of /etc/os-release. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line.trim());
    if (match?.[1] !== undefined) values.set(match[1], match[2] ?? match[3] ?? match[4] ?? "");
  }
  return values;
}

/** Packages `apt-get --simulate install` would install, from its `Inst name (version origin [architecture])` lines. */
export function parseSimulation(output: string): readonly Package[] {
  const packages: Package[] = [];
  for (const line of output.split("\n")) {
    const match = /^Inst (\S+) (?:\[[^\]]*\] )?\((\S+) .*\[(\w+)\]\)/.exec(line);
    const [, name, version, architecture] = match ?? [];
    if (name === undefined || version === undefined || architecture === undefined) continue;
    packages.push({ name: name.replace(/:.*$/, ""), version, architecture });
  }
  return packages;
}

/** Name apt gives the downloaded file: colons of an epoch are escaped. */
export function archiveName({ name, version, architecture }: Package): string {
  return `${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`;
}

/**
 * This machine's distribution.
 * @throws {ToolchainError} in one sentence where apt-get and dpkg-deb are not to be had
 */
export async function detectDistribution(): Promise<Distribution> {
  const release = parseOsRelease(await readFile("/etc/os-release", "utf8").catch(() => ""));
  const title = release.get("PRETTY_NAME") ?? process.platform;
  try {
    const architecture = (await run("dpkg", ["--print-architecture"])).trim();
    await run("apt-get", ["--version"]);
    return { id: release.get("ID") ?? "debian", version: release.get("VERSION_ID") ?? "", title, architecture };
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
    throw new ToolchainError(
      `${title}: apt-get and dpkg not found – etcd, containerd and nginx are taken from the packages of ${SUPPORTED}. ${ALTERNATIVE}`,
    );
  }
}

/**
 * apt with a state of its own: package lists, archives and the record of what is installed live in the cache, so the
 * machine's own apt neither notices nor is asked. Only the machine's sources, their keys and its proxy settings are used.
 */
export class Apt {
  /** Downloaded packages. */
  readonly archives: string;
  readonly distribution: Distribution;
  private readonly folder: string;
  private readonly signal: AbortSignal | undefined;

  /** @param cache root of the cache; callers serialise use of one cache by a lock */
  constructor(cache: string, distribution: Distribution, signal?: AbortSignal) {
    this.distribution = distribution;
    this.folder = join(cache, "apt", `${distribution.id}-${distribution.version}-${distribution.architecture}`);
    this.archives = join(this.folder, "archives");
    this.signal = signal;
  }

  /**
   * Resolves a request to all packages it takes on an empty system, and downloads them.
   * Lists older than a day, or in which something is missing, are fetched again first.
   * @throws {ToolchainError} when a package is not to be had
   */
  async download(request: PackageRequest, onUpdate: (text: string) => void): Promise<readonly Package[]> {
    await this.configure(request.absent);
    let fresh = await this.listsAreFresh();
    for (;;) {
      const updateError = fresh ? undefined : await this.update(onUpdate);
      try {
        return await this.fetch(request.packages, onUpdate);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (!fresh) throw this.explain(request.packages, error, updateError);
        fresh = false;
      }
    }
  }

  private async fetch(packages: readonly string[], onUpdate: (text: string) => void): Promise<readonly Package[]> {
    onUpdate("resolving packages");
    const resolved = parseSimulation(await this.apt(["--simulate", "install", ...packages]));
    onUpdate(`downloading ${resolved.length} packages`);
    await this.apt(["--yes", "--download-only", "install", ...packages], (line) => {
      const match = /^Get:(\d+) \S+ \S+ \S+ (\S+)/.exec(line);
      if (match?.[1] !== undefined && match[2] !== undefined) {
        onUpdate(`downloading package ${match[1]} of ${resolved.length}: ${match[2]}`);
      }
    });
    return resolved;
  }

  private async configure(absent: readonly string[]): Promise<void> {
    for (const path of ["archives/partial", "state/lists/partial", "no-parts"]) {
      await mkdir(join(this.folder, path), { recursive: true });
    }
    const inherited = (await run("apt-config", ["dump"]))
      .split("\n")
      .filter((line) => /^Acquire::(https?|Retries|ForceIPv[46]|Check-|Queue-Mode|socks)/i.test(line));
    const own = {
      "Dir::State": join(this.folder, "state"),
      "Dir::State::status": join(this.folder, "status"),
      "Dir::Cache": this.folder,
      "Dir::Cache::archives": this.archives,
      // The machine's own settings are left out, as they hold hooks that act on the machine.
      "Dir::Etc::main": join(this.folder, "no-main"),
      "Dir::Etc::parts": join(this.folder, "no-parts"),
      "Dir::Etc::preferences": join(this.folder, "preferences"),
      "Dir::Etc::preferencesparts": join(this.folder, "no-parts"),
      "APT::Architecture": this.distribution.architecture,
      "APT::Architectures::": this.distribution.architecture,
      "APT::Install-Recommends": "false",
      "APT::Sandbox::User": "root",
      "Acquire::Languages": "none",
    };
    const settings = Object.entries(own).map(([name, value]) => `${name} "${value}";`);
    await writeFile(join(this.folder, "apt.conf"), [...inherited, ...settings, ""].join("\n"));
    await writeFile(join(this.folder, "preferences"), PREFERENCES);
    await writeFile(join(this.folder, "status"), absent.map((name) => this.installed(name)).join("\n"));
  }

  /** A record of dpkg's for a package that is to be left out; its version satisfies every "at least". */
  private installed(name: string): string {
    return [
      `Package: ${name}`,
      "Status: install ok installed",
      `Architecture: ${this.distribution.architecture}`,
      "Multi-Arch: allowed",
      "Version: 9999",
      ...(name === "debconf" ? ["Provides: debconf-2.0"] : []),
      "Maintainer: none",
      "Description: left out",
      "",
    ].join("\n");
  }

  private async listsAreFresh(): Promise<boolean> {
    const marker = await stat(join(this.folder, "updated")).catch(() => undefined);
    return marker !== undefined && Date.now() - marker.mtimeMs < LISTS_MAX_AGE_MILLISECONDS;
  }

  /** A source that fails (somebody else's, often) matters only if a package is missing afterwards. */
  private async update(onUpdate: (text: string) => void): Promise<CommandError | undefined> {
    onUpdate("fetching package lists");
    try {
      await this.apt(["update"]);
      await writeFile(join(this.folder, "updated"), "");
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  }

  private apt(args: readonly string[], onLine?: (line: string) => void): Promise<string> {
    const env = {
      ...process.env,
      APT_CONFIG: join(this.folder, "apt.conf"),
      DEBIAN_FRONTEND: "noninteractive",
      LC_ALL: "C.UTF-8",
    };
    return run("apt-get", args, { env, signal: this.signal, ...(onLine === undefined ? {} : { onLine }) });
  }

  private explain(packages: readonly string[], error: CommandError, update: CommandError | undefined): Error {
    const wanted = packages.join(", ");
    return new ToolchainError(
      [
        `${this.distribution.title}: its package sources do not give all of ${wanted} – they come from ${SUPPORTED}. ` +
          `Check the network, the proxy and /etc/apt/sources.list (Ubuntu: universe enabled). ${ALTERNATIVE}`,
        ...[...(update?.tail ?? []), ...error.tail].filter((line) => /^(E|W|Err|N)[: ]/.test(line)),
      ].join("\n  "),
      { cause: error },
    );
  }
}

/** The distribution's own packages come first; other sources of the machine only for what the distribution lacks. */
const PREFERENCES = [
  ...["Debian", "Ubuntu"].map((origin) => `Package: *\nPin: release o=${origin}\nPin-Priority: 500\n`),
  "Package: *\nPin: release a=*\nPin-Priority: 100\n",
].join("\n");
