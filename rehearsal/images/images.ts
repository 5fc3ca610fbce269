import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cacheKey, cached } from "../toolchain/cache.ts";
import { debianRoot } from "../toolchain/debian.ts";
import { requireDiskSpace } from "../toolchain/disk.ts";
import { ToolchainError } from "../toolchain/errors.ts";
import type { BuildOptions } from "../toolchain/go.ts";
import { reported } from "../toolchain/toolchain.ts";
import type { PrepareOptions, Toolchain } from "../toolchain/toolchain.ts";
import { unpackWheel } from "../toolchain/wheel.ts";
import { writeOwnLayer } from "./files.ts";
import { writeOciArchive } from "./oci.ts";
import type { ImageConfig } from "./oci.ts";
import { IMAGE_RECIPES, imageReference } from "./recipes.ts";
import type { ImageName, ImageRecipe } from "./recipes.ts";

export { IMAGE_NAMES, imageReference, toolsOf } from "./recipes.ts";
export type { ImageName } from "./recipes.ts";

/** An image in a file that `ctr -n k8s.io images import` takes. */
export interface ImageArchive {
  readonly name: ImageName;
  /** What pods name, for instance `localhost/vllm-stack/front:1`. */
  readonly reference: string;
  /** Digest of the manifest: the same content has the same digest. */
  readonly digest: string;
  readonly path: string;
}

/** How {@link prepareImages} works and reports. */
export interface PrepareImagesOptions extends PrepareOptions {
  /** Must have the tools `toolsOf(names)`. */
  readonly toolchain: Toolchain;
}

/** Part of every key: raise it when the way of building changes. */
const RECIPE = 1;
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/app";
/** Room for an archive and its intermediate files over what the packages take, in MiB. */
const ARCHIVE_MEBIBYTES = 400;

/**
 * Builds images of the local environment into the cache, reusing those whose content would be the same.
 * @throws {ToolchainError} when a tool was not prepared, or packages or disk space are missing
 */
export async function prepareImages(
  names: readonly ImageName[],
  options: PrepareImagesOptions,
): Promise<readonly ImageArchive[]> {
  const archives: ImageArchive[] = [];
  for (const name of names) {
    const { archive } = await reported(`image ${name}`, options, options.toolchain.cache, (build) =>
      buildImage(name, options.toolchain, build),
    );
    archives.push(archive);
  }
  return archives;
}

async function buildImage(
  name: ImageName,
  toolchain: Toolchain,
  options: BuildOptions,
): Promise<{ readonly folder: string; readonly reused: boolean; readonly archive: ImageArchive }> {
  const recipe: ImageRecipe = IMAGE_RECIPES[name];
  const reference = imageReference(name);
  const debian = recipe.debian && (await debianRoot(name, recipe.debian, options));
  const wheel = recipe.wheel && (await unpackWheel(recipe.wheel, options));
  const binaries = new Map((recipe.binaries ?? []).map(({ path, program }) => [path, toolchain.bin(program)]));
  const key = cacheKey({
    recipe: RECIPE,
    image: recipe,
    reference,
    debian: debian?.digest,
    wheel: wheel?.digest,
    // A tool's folder in the cache is named after the hash of what it was built from.
    binaries: [...binaries.values()].map((path) => basename(dirname(dirname(path)))),
  });
  const entry = { name: `image-${name}`, key, outputs: ["image.tar", "image.json"] };
  const lock = { signal: options.signal };
  const { folder, reused } = await cached(toolchain.cache, entry, lock, async (work) => {
    await requireDiskSpace(`building the image ${name}`, [{ path: toolchain.cache, mebibytes: ARCHIVE_MEBIBYTES }]);
    options.onUpdate("writing layers");
    const own = join(work, "own");
    await mkdir(own);
    await writeOwnLayer(own, recipe, { binaries, site: wheel?.site, root: debian?.root });
    const layers = debian === undefined ? [own] : [debian.root, own];
    const archive = join(work, "image.tar");
    const image = { reference, layers, config: configOf(recipe) };
    const digest = await writeOciArchive(image, archive, join(work, "layout"), options.signal);
    await rm(own, { recursive: true });
    await writeFile(join(work, "image.json"), JSON.stringify({ name, reference, digest }));
  });
  const digest = parseDigest(await readFile(join(folder, "image.json"), "utf8"));
  return { folder, reused, archive: { name, reference, digest, path: join(folder, "image.tar") } };
}

function configOf(recipe: ImageRecipe): ImageConfig {
  return {
    User: `${recipe.user.id}:${recipe.user.id}`,
    Env: [PATH],
    ...(recipe.entrypoint.length > 0 ? { Entrypoint: recipe.entrypoint } : {}),
    ...(recipe.command === undefined ? {} : { Cmd: recipe.command }),
    WorkingDir: recipe.workingFolder ?? "/",
    ...(recipe.stopSignal === undefined ? {} : { StopSignal: recipe.stopSignal }),
  };
}

function parseDigest(text: string): string {
  const digest = /"digest":"(sha256:[0-9a-f]{64})"/.exec(text)?.[1];
  if (digest === undefined)
    throw new ToolchainError("image.json has no digest: remove the cache folder and run again.");
  return digest;
}
