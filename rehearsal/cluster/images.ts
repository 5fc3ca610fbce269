import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { INSIDE } from "./layout.ts";
import { ClusterError, type ClusterImage } from "./types.ts";

const run = promisify(execFile);

/** Archives of a few hundred megabytes are unpacked one after the other; a slow disk takes its time. */
const IMPORT_TIMEOUT_MS = 5 * 60_000;

/** The container runtime of a cluster, as `ctr` reaches it. */
export interface Runtime {
  /** Command that runs `ctr` in the cluster's namespaces. */
  readonly ctr: (parameters: readonly string[]) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly snapshotter: "overlayfs" | "native";
}

/** Pods are started from the image whose repository ends in `/pause`. */
export function sandboxImage(images: readonly ClusterImage[]): string {
  const found = images.find(({ reference }) => /(^|\/)pause[:@]/.test(reference));
  if (found !== undefined) return found.reference;
  throw new ClusterError(
    `images: ${images.map(({ reference }) => reference).join(", ") || "none"} – no sandbox image. Add one whose repository ends in /pause.`,
  );
}

/** Why the runtime does not answer; undefined once it does. */
export async function runtimeProblem(runtime: Runtime): Promise<string | undefined> {
  const { stdout } = await ctr(runtime, ["version"], 5000);
  return stdout.includes("Server:") ? undefined : "no answer from containerd";
}

/** References of the images the node has. */
export async function listImages(runtime: Runtime): Promise<ReadonlySet<string>> {
  const { stdout } = await ctr(runtime, ["images", "list", "--quiet"], 10_000);
  return new Set(stdout.split("\n").filter(Boolean));
}

/**
 * Imports the archives whose reference the node does not have, or has from another archive.
 * @param imported archive by reference, of what was imported before
 * @throws ClusterError if an archive is missing, broken, or holds an image of another name
 */
export async function importImages(
  runtime: Runtime,
  images: readonly ClusterImage[],
  imported: Readonly<Record<string, string>>,
  report: (text: string) => void,
): Promise<void> {
  const present = await listImages(runtime);
  const current = ({ reference, path }: ClusterImage) => present.has(reference) && imported[reference] === path;
  for (const { reference, path } of images.filter((image) => !current(image))) {
    if (!existsSync(path)) {
      throw new ClusterError(`images: ${path} – no such archive for ${reference}. Build the images again.`);
    }
    report(reference);
    await importArchive(runtime, reference, path);
  }
  const now = await listImages(runtime);
  const missing = images.filter(({ reference }) => !now.has(reference));
  if (missing.length === 0) return;
  const names = missing.map(({ reference, path }) => `${reference} (${path})`).join(", ");
  throw new ClusterError(
    `images: ${names} – the archive does not contain an image of that name. Its index.json must carry it as io.containerd.image.name.`,
  );
}

async function importArchive(runtime: Runtime, reference: string, path: string): Promise<void> {
  try {
    await ctr(runtime, ["images", "import", "--snapshotter", runtime.snapshotter, path], IMPORT_TIMEOUT_MS);
  } catch (error) {
    const details = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    throw new ClusterError(`images: ${reference} – ${path} can't be imported: ${details}. Build the images again.`);
  }
}

function ctr(runtime: Runtime, parameters: readonly string[], timeout: number): Promise<{ stdout: string }> {
  const [program = "", ...rest] = runtime.ctr([
    "--address",
    INSIDE.containerdSocket,
    "--namespace",
    "k8s.io",
    ...parameters,
  ]);
  return run(program, rest, { timeout, env: runtime.environment, maxBuffer: 16 * 1024 * 1024 });
}
