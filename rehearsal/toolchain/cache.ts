import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { isDiskFull } from "./disk.ts";
import { ToolchainError } from "./errors.ts";
import { identify, isAlive, parseIdentity, withLock } from "./lock.ts";
import type { LockOptions } from "./lock.ts";
import { isErrno } from "./process.ts";

/** What is to be in the cache. */
export interface CacheEntry {
  /** For people: the first part of the folder's name. */
  readonly name: string;
  /** Hash of everything the content depends on, see {@link cacheKey}. */
  readonly key: string;
  /** Files that make it complete, relative to its folder. */
  readonly outputs: readonly string[];
}

/** A complete entry. */
export interface CachedEntry {
  readonly folder: string;
  /** Whether it was there before. */
  readonly reused: boolean;
}

const MARKER = "entry.json";
const UNUSED_DAYS = 30;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Where built tools and images are kept, outside the checkout: `$VLLM_STACK_CACHE`, else
 * `${XDG_CACHE_HOME:-~/.cache}/pulumi-vllm-stack`.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  const { VLLM_STACK_CACHE: chosen = "", XDG_CACHE_HOME: shared = "" } = env;
  if (chosen !== "") return resolve(chosen);
  return resolve(shared === "" ? join(homedir(), ".cache") : shared, "pulumi-vllm-stack");
}

/** A short hash (16 hexadecimal digits) of plain data; the order of an object's keys does not matter. */
export function cacheKey(parts: Readonly<Record<string, unknown>>): string {
  const sorted = (_: string, value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  return createHash("sha256").update(JSON.stringify(parts, sorted)).digest("hex").slice(0, 16);
}

/** The folder of an entry, whether it exists or not. */
export function entryFolder(root: string, entry: CacheEntry): string {
  return join(root, "entries", `${entry.name}-${entry.key}`);
}

/** Whether an entry is there and complete. */
export async function isCached(root: string, entry: CacheEntry): Promise<boolean> {
  return await isComplete(entryFolder(root, entry));
}

/**
 * Returns the entry, making it if it isn't there. `make` gets an empty folder inside the cache; only when it succeeded
 * and every output is there, the folder gets its name, by one rename. So a build that is interrupted at any point
 * leaves nothing that could be taken for a result, and what it leaves (a folder under `unfinished`) is removed by
 * the next run. Several processes may call this at once: one makes, the others wait for it.
 * @throws {ToolchainError} when the disk fills up; whatever `make` throws otherwise
 */
export async function cached(
  root: string,
  entry: CacheEntry,
  options: LockOptions,
  make: (folder: string) => Promise<void>,
): Promise<CachedEntry> {
  const folder = entryFolder(root, entry);
  if (await isComplete(folder)) return { folder, reused: true };
  try {
    return await withLock(join(root, "locks", `${entry.name}-${entry.key}`), options, async () => {
      // Another process may have made it while this one waited for the lock.
      if (await isComplete(folder)) return { folder, reused: true };
      await removeAbandoned(root);
      await removeUnused(root);
      await makeEntry(root, entry, folder, make);
      return { folder, reused: false };
    });
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new ToolchainError(
      `${root}: the disk became full while making ${entry.name}. Nothing half-made was kept. ` +
        "Free room, or set VLLM_STACK_CACHE (and GOCACHE, GOMODCACHE, GOTMPDIR for Go) to a larger disk; then run the same command again.",
      { cause: error },
    );
  }
}

async function makeEntry(
  root: string,
  entry: CacheEntry,
  folder: string,
  make: (folder: string) => Promise<void>,
): Promise<void> {
  const maker = await identify();
  const work = join(root, "unfinished", `${entry.name}-${entry.key}.${maker.pid}`);
  await mkdir(join(root, "unfinished"), { recursive: true });
  // Before the folder, so that a folder without a known maker can't exist.
  await writeFile(`${work}.json`, JSON.stringify(maker));
  try {
    await rm(work, { recursive: true, force: true });
    await mkdir(work);
    await make(work);
    const sizes: Record<string, number> = {};
    for (const output of entry.outputs) {
      sizes[output] = (await stat(join(work, output))).size;
    }
    await writeFile(join(work, MARKER), JSON.stringify(sizes));
    await mkdir(join(root, "entries"), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(`${work}.json`, { force: true });
  }
}

/** Complete means: the marker is there, and so is every output with the size it was made with. */
async function isComplete(folder: string): Promise<boolean> {
  try {
    const sizes: unknown = JSON.parse(await readFile(join(folder, MARKER), "utf8"));
    if (typeof sizes !== "object" || sizes === null) return false;
    for (const [output, size] of Object.entries(sizes)) {
      if ((await stat(join(folder, output))).size !== size) return false;
    }
    const now = new Date();
    // The time of the last use, for removeUnused; somebody else's read-only cache needs none.
    await utimes(join(folder, MARKER), now, now).catch(() => undefined);
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR") || error instanceof SyntaxError) return false;
    throw error;
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** Removes what killed processes left under `unfinished`. */
async function removeAbandoned(root: string): Promise<void> {
  const unfinished = join(root, "unfinished");
  for (const name of await list(unfinished)) {
    if (!name.endsWith(".json")) continue;
    const record = join(unfinished, name);
    const text = await readFile(record, "utf8").catch(() => "");
    const maker = parseIdentity(text);
    if (maker !== undefined && (await isAlive(maker))) continue;
    await rm(record.slice(0, -".json".length), { recursive: true, force: true });
    await rm(record, { force: true });
  }
}

/** Removes entries (of older versions, mostly) that nothing has asked for in {@link UNUSED_DAYS} days. */
async function removeUnused(root: string): Promise<void> {
  const entries = join(root, "entries");
  for (const name of await list(entries)) {
    const used = await stat(join(entries, name, MARKER)).catch(() => undefined);
    if (used !== undefined && Date.now() - used.mtimeMs < UNUSED_DAYS * DAY_MILLISECONDS) continue;
    await rm(join(entries, name), { recursive: true, force: true });
  }
}
