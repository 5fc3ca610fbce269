import assert from "node:assert/strict";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { silentProgress, terminalProgress } from "../../../rehearsal/progress.ts";
import { run } from "../../../rehearsal/toolchain/process.ts";
import { TOOL_NAMES, prepareTools } from "../../../rehearsal/toolchain/toolchain.ts";
import type { Toolchain } from "../../../rehearsal/toolchain/toolchain.ts";
import { GO_TOOLS, binariesOf } from "../../../rehearsal/toolchain/tools.ts";
import { unpackWheel } from "../../../rehearsal/toolchain/wheel.ts";

/** The dynamic loader an ELF file names near its start; static ones name none. */
async function loaderOf(path: string): Promise<string | undefined> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8192), 0, 8192, 0);
    return /\/lib\S*\/ld-[\w.-]+/.exec(buffer.toString("latin1"))?.[0];
  } finally {
    await file.close();
  }
}

const COLD_BUILD_MILLISECONDS = 30 * 60_000;

describe("the prepared toolchain", function () {
  this.timeout(60_000);
  let toolchain: Toolchain;

  before(async function () {
    this.timeout(COLD_BUILD_MILLISECONDS);
    toolchain = await prepareTools(TOOL_NAMES, { progress: terminalProgress() });
  });

  it("has every program at an absolute path, executable and linked statically where it comes from Go", async () => {
    for (const program of Object.values(GO_TOOLS).flatMap((tool) => binariesOf(tool))) {
      const path = toolchain.bin(program);
      assert.ok(path.startsWith("/"), path);
      assert.equal((await stat(path)).mode & 0o111, 0o111);
      assert.equal(await loaderOf(path), undefined, `${program} needs no loader of the machine or the image`);
    }
  });

  const versions: Readonly<Record<string, readonly [args: readonly string[], expected: RegExp]>> = {
    pulumi: [["version"], /^v3\.259\.0$/],
    "kube-apiserver": [["--version"], /^Kubernetes v1\.36\.2$/],
    "kube-controller-manager": [["--version"], /^Kubernetes v1\.36\.2$/],
    "kube-scheduler": [["--version"], /^Kubernetes v1\.36\.2$/],
    kubelet: [["--version"], /^Kubernetes v1\.36\.2$/],
    "kube-proxy": [["--version"], /^Kubernetes v1\.36\.2$/],
    kubectl: [["version", "--client"], /v1\.36\.2/],
    kwok: [["--version"], /v0\.8\.0/],
    coredns: [["-version"], /CoreDNS-1\.14\.7/],
    "llm-d-inference-sim": [["--help"], /--enable-kvcache/],
    etcd: [["--version"], /^etcd Version: 3\./],
    containerd: [["--version"], /containerd/],
    runc: [["--version"], /^runc version/],
    iptables: [["--version"], /^iptables v1\./],
    ip: [["-V"], /iproute2/],
  };
  for (const [program, [args, expected]] of Object.entries(versions)) {
    it(`runs ${program}`, async () => {
      let output = "";
      await run(toolchain.bin(program), args, {
        onLine: (line) => {
          output += output === "" ? line : `\n${line}`;
        },
      });
      assert.match(output, expected);
    });
  }

  it("gives the engine's root and the CNI plugins as their users expect them", async () => {
    assert.equal(toolchain.bin("pulumi"), join(toolchain.pulumiRoot, "bin/pulumi"));
    for (const plugin of ["bridge", "host-local", "loopback", "portmap"])
      await stat(join(toolchain.debian.cni, plugin));
  });

  it("is there at once the second time", async () => {
    const begun = Date.now();
    await prepareTools(TOOL_NAMES, { progress: silentProgress });
    assert.ok(Date.now() - begun < 2000, "nothing is built or asked of the network");
  });

  it("says so when a program is asked for whose tool was not prepared", async () => {
    const few = await prepareTools(["pause"], { progress: silentProgress });
    assert.throws(
      () => few.bin("kubelet"),
      /^ToolchainError: kubelet: no prepared tool has this program – prepared are pause\./,
    );
    assert.throws(() => few.debian, /node: was not prepared/);
    assert.throws(() => few.pulumiRoot, /pulumi: was not prepared/);
  });

  it("refuses a Python wheel whose hash is not the pinned one", async () => {
    const forged = {
      project: "vllm-router",
      version: "0.1.17",
      sha256: { x64: "0".repeat(64), arm64: "0".repeat(64) },
    };
    await assert.rejects(unpackWheel(forged, { cache: toolchain.cache, onUpdate: () => undefined }), {
      name: "ToolchainError",
      message: /pip could not download it with the pinned SHA-256 0{64}/,
    });
  });
});
