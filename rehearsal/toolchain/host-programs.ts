import { chmod, mkdir, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { CommandError, ToolchainError } from "./errors.ts";
import { isErrno, run } from "./process.ts";

/** Programs of an unpacked root that are run on the machine itself. */
export interface HostPrograms {
  /**
   * Name of each program, and how it is started: `self`, or as a subcommand of a multi-call binary, of which the first
   * that works on this kernel is taken.
   */
  readonly programs: Readonly<Record<string, "self" | { readonly multiCall: readonly string[] }>>;
}

/** Where {@link writeHostPrograms} writes. */
export interface HostProgramsTarget {
  /** The unfinished entry, which holds `root/`. */
  readonly work: string;
  /** Where the entry will be. */
  readonly final: string;
  /** Paths of the C library's package: those stay the machine's. */
  readonly withheld: readonly string[];
}

/**
 * Writes `bin/<program>` (small shell scripts) and `lib/` (links to the root's shared libraries) into an entry.
 * Programs run with the root's libraries but the machine's own C library and loader: these two must match each other, the
 * packages come from the machine's own sources, and runc starts itself again through /proc/self/exe, which rules out
 * starting it through the root's loader.
 * @throws {ToolchainError} when a program is not in the root
 */
export async function writeHostPrograms(host: HostPrograms, target: HostProgramsTarget): Promise<void> {
  await linkLibraries(target);
  await mkdir(join(target.work, "bin"));
  const libraries = await libraryFolder(target.work);
  const variables = [
    `LD_LIBRARY_PATH=${quote(join(target.final, "lib"))}`,
    ...(libraries === undefined ? [] : [`XTABLES_LIBDIR=${quote(join(target.final, libraries, "xtables"))}`]),
  ];
  for (const [name, start] of Object.entries(host.programs)) {
    const [program, ...args] =
      start === "self" ? [name] : [await firstWorking(target.work, name, start.multiCall), name];
    const path = join(target.final, "root", await locate(target.work, program));
    const script = `#!/bin/sh\nexport ${variables.join(" ")}\nexec ${[path, ...args].map(quote).join(" ")} "$@"\n`;
    await writeFile(join(target.work, "bin", name), script);
    await chmod(join(target.work, "bin", name), 0o755);
  }
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `root/usr/lib/<triplet>`, relative to the entry. */
async function libraryFolder(work: string): Promise<string | undefined> {
  const names = await readdir(join(work, "root/usr/lib"));
  const triplet = names.find((name) => /^\w+-linux-gnu\w*$/.test(name));
  return triplet === undefined ? undefined : join("root/usr/lib", triplet);
}

async function linkLibraries({ work, withheld }: HostProgramsTarget): Promise<void> {
  await mkdir(join(work, "lib"));
  const folder = await libraryFolder(work);
  if (folder === undefined) return;
  const ours = new Set(withheld.map((path) => basename(path)));
  for (const name of await readdir(join(work, folder))) {
    if (/\.so(\.|$)/.test(name) && !ours.has(name)) await symlink(join("..", folder, name), join(work, "lib", name));
  }
}

async function locate(work: string, program: string): Promise<string> {
  for (const folder of ["usr/sbin", "usr/bin"]) {
    try {
      await stat(join(work, "root", folder, program));
      return join(folder, program);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
  throw new ToolchainError(`${program}: not in the packages unpacked for it – expected in /usr/sbin or /usr/bin.`);
}

/**
 * The first of several multi-call binaries that can list the NAT table here, tried in a network namespace of its own.
 * Without the privilege to make one, the first is taken.
 */
async function firstWorking(work: string, name: string, candidates: readonly string[]): Promise<string> {
  const folder = await libraryFolder(work);
  const env = {
    ...process.env,
    LD_LIBRARY_PATH: join(work, "lib"),
    XTABLES_LIBDIR: join(work, folder ?? "", "xtables"),
  };
  for (const candidate of candidates) {
    const path = join(work, "root", await locate(work, candidate));
    const listing = ["iptables", "--table", "nat", "--list", "--numeric"];
    try {
      await run("unshare", ["--net", path, ...listing], { env });
      return candidate;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  const [first] = candidates;
  if (first === undefined) throw new ToolchainError(`${name}: no multi-call binary named`);
  return first;
}
