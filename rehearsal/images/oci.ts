import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "../toolchain/process.ts";

/** What a container of the image does by default; the fields of an OCI image configuration that are used here. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly WorkingDir?: string;
  readonly StopSignal?: string;
}

/** An image to be written. */
export interface OciImage {
  /** Full name with tag, as pods say it. */
  readonly reference: string;
  /** Folders that become layers, lowest first. Owners become root, times the epoch. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const MEDIA = "application/vnd.oci.image";
/** Names of OCI (those of Go) by Node's. */
const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: "amd64", arm64: "arm64" };
/** Settings that make an archive depend on names, modes and contents alone. */
const REPRODUCIBLE = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--format=gnu"];

/**
 * Writes an OCI image layout (https://github.com/opencontainers/image-spec/blob/main/image-layout.md) as one tar file, as
 * `ctr images import` takes it. Layers are not compressed: they are read once, from a local disk.
 * @param work an empty folder for intermediate files
 * @returns the digest of the image's manifest, the same for the same content
 */
export async function writeOciArchive(
  image: OciImage,
  archive: string,
  work: string,
  signal?: AbortSignal,
): Promise<string> {
  const blobs = join(work, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const layers: Descriptor[] = [];
  for (const folder of image.layers) {
    const file = join(work, "layer");
    await run("tar", ["--create", "--file", file, "--directory", folder, ...REPRODUCIBLE, "."], { signal });
    layers.push(await moveBlob(blobs, file, `${MEDIA}.layer.v1.tar`));
  }
  const config = await writeBlob(blobs, `${MEDIA}.config.v1+json`, {
    created: "1970-01-01T00:00:00Z",
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    os: "linux",
    config: image.config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  });
  const mediaType = `${MEDIA}.manifest.v1+json`;
  const manifest = await writeBlob(blobs, mediaType, { schemaVersion: 2, mediaType, config, layers });
  const annotations = {
    "io.containerd.image.name": image.reference,
    "org.opencontainers.image.ref.name": image.reference.slice(image.reference.lastIndexOf(":") + 1),
  };
  await writeFile(join(work, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  await writeFile(
    join(work, "index.json"),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${MEDIA}.index.v1+json`,
      manifests: [{ ...manifest, annotations }],
    }),
  );
  const parts = ["oci-layout", "index.json", "blobs"];
  await run("tar", ["--create", "--file", archive, "--directory", work, ...REPRODUCIBLE, ...parts], { signal });
  await rm(work, { recursive: true });
  return manifest.digest;
}

async function writeBlob(blobs: string, mediaType: string, value: unknown): Promise<Descriptor> {
  const text = JSON.stringify(value);
  const hash = createHash("sha256").update(text).digest("hex");
  await writeFile(join(blobs, hash), text);
  return { mediaType, digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
}

async function moveBlob(blobs: string, file: string, mediaType: string): Promise<Descriptor> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  const hex = hash.digest("hex");
  const { size } = await stat(file);
  await rename(file, join(blobs, hex));
  return { mediaType, digest: `sha256:${hex}`, size };
}
