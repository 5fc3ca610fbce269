import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import tar from "tar-stream";
import { writeOciArchive } from "../../../rehearsal/images/oci.ts";

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly size: number; readonly annotations: unknown }[];
}

interface Member {
  readonly header: tar.Header;
  readonly content: Buffer;
}

/** Reads a tar into its members by name. */
async function untar(stream: Readable): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  for await (const entry of stream.pipe(tar.extract())) {
    members.set(entry.header.name, { header: entry.header, content: await buffer(entry) });
  }
  return members;
}

const sha256 = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

describe("an image archive", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "oci-test-"));
    await mkdir(join(root, "base/usr/bin"), { recursive: true });
    await writeFile(join(root, "base/usr/bin/program"), "#!/bin/sh\n");
    await chmod(join(root, "base/usr/bin/program"), 0o755);
    await symlink("usr/bin", join(root, "base/bin"));
    await mkdir(join(root, "own/tmp"), { recursive: true });
    await chmod(join(root, "own/tmp"), 0o1777);
  });
  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  const write = async (name: string): Promise<{ digest: string; members: ReadonlyMap<string, Member> }> => {
    const archive = join(root, `${name}.tar`);
    const image = {
      reference: "localhost/vllm-stack/example:1",
      layers: [join(root, "base"), join(root, "own")],
      config: { User: "101:101", Env: ["PATH=/bin"], Entrypoint: ["/bin/program"] },
    };
    const digest = await writeOciArchive(image, archive, join(root, `${name}-work`));
    return { digest, members: await untar(createReadStream(archive)) };
  };
  const json = (members: ReadonlyMap<string, Member>, name: string) => {
    const member = members.get(name);
    assert.ok(member, `${name} is in the archive`);
    return JSON.parse(member.content.toString()) as unknown;
  };
  const blob = (members: ReadonlyMap<string, Member>, digest: string): Buffer => {
    const member = members.get(`blobs/sha256/${digest.replace("sha256:", "")}`);
    assert.ok(member, `${digest} is in the archive`);
    assert.equal(sha256(member.content), digest, "a blob is named after its content");
    return member.content;
  };

  it("is an OCI image layout whose index names the image as containerd imports it", async () => {
    const { digest, members } = await write("image");
    assert.deepEqual(json(members, "oci-layout"), { imageLayoutVersion: "1.0.0" });
    const index = json(members, "index.json") as Index;
    assert.equal(index.manifests.length, 1);
    const [entry] = index.manifests;
    assert.equal(entry?.digest, digest);
    assert.equal(entry.size, blob(members, digest).length);
    assert.deepEqual(entry.annotations, {
      "io.containerd.image.name": "localhost/vllm-stack/example:1",
      "org.opencontainers.image.ref.name": "1",
    });
  });

  it("links manifest, configuration and layers by digest, lowest layer first", async () => {
    const { digest, members } = await write("image");
    interface Manifest {
      readonly config: { readonly digest: string };
      readonly layers: readonly { readonly digest: string; readonly mediaType: string; readonly size: number }[];
    }
    const manifest = JSON.parse(blob(members, digest).toString()) as Manifest;
    const config = JSON.parse(blob(members, manifest.config.digest).toString()) as Record<string, unknown>;
    assert.deepEqual(config.rootfs, { type: "layers", diff_ids: manifest.layers.map((layer) => layer.digest) });
    assert.deepEqual(config.config, { User: "101:101", Env: ["PATH=/bin"], Entrypoint: ["/bin/program"] });
    assert.equal(config.os, "linux");
    const layers = await Promise.all(
      manifest.layers.map((layer) => untar(Readable.from([blob(members, layer.digest)]))),
    );
    const [base, own] = layers;
    assert.equal(base?.get("./usr/bin/program")?.header.mode, 0o755);
    assert.equal(base.get("./bin")?.header.linkname, "usr/bin");
    assert.equal(own?.get("./tmp/")?.header.mode, 0o1777);
    for (const layer of layers) {
      for (const { header } of layer.values()) assert.deepEqual([header.uid, header.gid], [0, 0], header.name);
    }
  });

  it("has the same digest for the same content, whenever it was written", async () => {
    const first = await write("first");
    await utimes(join(root, "base/usr/bin/program"), 1, 1);
    assert.equal((await write("second")).digest, first.digest);
    await writeFile(join(root, "base/usr/bin/program"), "#!/bin/sh\nexit\n");
    assert.notEqual((await write("third")).digest, first.digest);
  });
});
