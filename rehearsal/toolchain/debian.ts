import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { release } from "node:os";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Apt, archiveName, detectDistribution } from "./apt.ts";
import type { Package, PackageRequest } from "./apt.ts";
import { cacheKey, cached, entryFolder } from "./cache.ts";
import type { CacheEntry } from "./cache.ts";
import { requireDiskSpace } from "./disk.ts";
import { CommandError } from "./errors.ts";
import type { BuildOptions } from "./go.ts";
import { writeHostPrograms } from "./host-programs.ts";
import type { HostPrograms } from "./host-programs.ts";
import { withLock } from "./lock.ts";
import { run } from "./process.ts";

/** A folder that looks like the root of a Debian system with some packages and nothing else. */
export interface DebianRootSpec extends PackageRequest {
  /** Makes programs of the root runnable on this machine, from `bin/` of the entry. */
  readonly host?: HostPrograms;
  /** Room it takes with its downloads, in MiB. */
  readonly mebibytes: number;
}

/** A package of a root with the hash of the file it came from. */
export interface UnpackedPackage extends Package {
  readonly sha256: string;
}

/** An unpacked root in the cache. */
export interface DebianRoot {
  /** The cache entry: `root/`, and `bin/` if host programs were asked for. */
  readonly folder: string;
  readonly root: string;
  readonly packages: readonly UnpackedPackage[];
  /** Identifies the content: the same packages unpacked in the same way. */
  readonly digest: string;
  readonly reused: boolean;
}

/** Part of every key: raise it when unpacking changes. */
const RECIPE = 3;
/** What no program reads; the last is 214 MiB of time zone tables beside the one that Prometheus's pages load. */
const EXCLUDED = [
  ...["bash-completion", "bug", "doc", "doc-base", "info", "lintian", "locale", "man", "zsh"],
  "javascript/moment-timezone/data",
].map((name) => `--exclude=./usr/share/${name}`);

/**
 * Unpacks Debian packages with everything they depend on into one folder of the cache. Nothing is installed: no
 * maintainer script runs, the machine's apt and dpkg keep their state, and no privilege is needed. Programs that a
 * package may start get no setuid bit.
 * @throws {ToolchainError} when the host has no apt or a package is not to be had
 */
export async function debianRoot(name: string, spec: DebianRootSpec, options: BuildOptions): Promise<DebianRoot> {
  const distribution = await detectDistribution();
  const { packages, absent, host } = spec;
  // Host programs hold absolute paths and a choice that depends on the kernel.
  const place = host === undefined ? undefined : { cache: options.cache, kernel: release() };
  const key = cacheKey({ recipe: RECIPE, packages, absent, host, distribution, place });
  const programs = Object.keys(host?.programs ?? {}).map((program) => join("bin", program));
  const entry: CacheEntry = { name: `debian-${name}`, key, outputs: ["packages.json", ...programs] };
  const lock = {
    signal: options.signal,
    onWait: ({ pid }: { pid: number }) => {
      options.onUpdate(`process ${pid} is unpacking packages; waiting`);
    },
  };
  const { folder, reused } = await cached(options.cache, entry, lock, async (work) => {
    await requireDiskSpace(`unpacking ${name}`, [{ path: options.cache, mebibytes: spec.mebibytes }]);
    const apt = new Apt(options.cache, distribution, options.signal);
    // One apt at a time: the lists and archives are shared by all roots.
    const resolved = await withLock(join(options.cache, "locks", "apt"), lock, () =>
      apt.download(spec, options.onUpdate),
    );
    const root = join(work, "root");
    await makeMergedRoot(root);
    const unpacked: UnpackedPackage[] = [];
    for (const [index, item] of resolved.entries()) {
      options.onUpdate(`unpacking package ${index + 1} of ${resolved.length}: ${item.name}`);
      const archive = join(apt.archives, archiveName(item));
      await unpack(archive, root, options.signal);
      unpacked.push({ ...item, sha256: await sha256(archive) });
    }
    await run("find", [root, "-perm", "/6000", "-exec", "chmod", "a-s", "{}", "+"], { signal: options.signal });
    if (host !== undefined) {
      const libc = resolved.find((item) => item.name === "libc6");
      const withheld = libc === undefined ? [] : await listArchive(join(apt.archives, archiveName(libc)));
      await writeHostPrograms(host, { work, final: entryFolder(options.cache, entry), withheld });
    }
    await writeFile(join(work, "packages.json"), JSON.stringify(unpacked, undefined, 1));
  });
  const manifest = await readFile(join(folder, "packages.json"), "utf8");
  return {
    folder,
    root: join(folder, "root"),
    packages: parseManifest(manifest),
    digest: cacheKey({ recipe: RECIPE, manifest }),
    reused,
  };
}

/** A merged /usr, made before the first package: packages of Debian 12 still put files below /bin and /lib. */
async function makeMergedRoot(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
}

/** `dpkg-deb --extract` would replace the links of a merged /usr by folders; tar can be told to follow them. */
async function unpack(archive: string, root: string, signal: AbortSignal | undefined): Promise<void> {
  const flags = ["--keep-directory-symlink", "--same-permissions", "--no-same-owner", "--delay-directory-restore"];
  await withArchive(archive, (stdout) =>
    run("tar", ["--extract", "--directory", root, ...flags, ...EXCLUDED], { input: stdout, signal }),
  );
}

/** Paths in a package, as `./usr/lib/…`. */
async function listArchive(archive: string): Promise<readonly string[]> {
  const listing = await withArchive(archive, (stdout) => run("tar", ["--list"], { input: stdout }));
  return listing.split("\n");
}

async function withArchive<T>(archive: string, consume: (stdout: Readable) => Promise<T>): Promise<T> {
  const source = spawn("dpkg-deb", ["--fsys-tarfile", archive], { stdio: ["ignore", "pipe", "pipe"] });
  const complaints: string[] = [];
  source.stderr.setEncoding("utf8").on("data", (text: string) => complaints.push(text.trim()));
  const ended = new Promise<number>((resolve, reject) => {
    source.on("error", reject);
    source.on("close", (code) => {
      resolve(code ?? 1);
    });
  });
  const [result, status] = await Promise.all([consume(source.stdout), ended]);
  if (status !== 0) throw new CommandError(`dpkg-deb --fsys-tarfile ${archive}`, status, complaints);
  return result;
}

/** SHA-256 of a file, in hexadecimal. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

function parseManifest(text: string): readonly UnpackedPackage[] {
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value.filter(isUnpackedPackage) : [];
}

function isUnpackedPackage(value: unknown): value is UnpackedPackage {
  return typeof value === "object" && value !== null && "name" in value && "version" in value && "sha256" in value;
}
