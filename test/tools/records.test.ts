import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { findExecutable } from "../../tools/start/executable.ts";
import { keepKey, writeKey } from "../../tools/start/key.ts";
import { LOCAL_PASSPHRASE, passphraseOf, passphraseOwner } from "../../tools/start/passphrase.ts";
import { readTarget, targetOf, writeTarget } from "../../tools/start/target.ts";
import { stateFolder } from "../../tools/state.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";

describe("what npm start keeps", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "vllm-stack-records-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  const mode = (path: string) => statSync(path).mode & 0o777;
  const environmentFile = (text: string) => {
    const path = join(folder, "Pulumi.mine.yaml");
    writeFileSync(path, text);
    return path;
  };

  it("is outside the checkout, where the environment says, else in the user's folder for states", () => {
    const { VLLM_STACK_STATE, XDG_STATE_HOME } = process.env;
    try {
      process.env.VLLM_STACK_STATE = "/elsewhere";
      assert.equal(stateFolder("local"), "/elsewhere/local");
      delete process.env.VLLM_STACK_STATE;
      process.env.XDG_STATE_HOME = "/xdg";
      assert.equal(stateFolder("eks-prod.2"), "/xdg/pulumi-vllm-stack/eks-prod.2");
      delete process.env.XDG_STATE_HOME;
      assert.equal(stateFolder("local"), join(homedir(), ".local/state/pulumi-vllm-stack/local"));
    } finally {
      if (VLLM_STACK_STATE !== undefined) process.env.VLLM_STACK_STATE = VLLM_STACK_STATE;
      if (XDG_STATE_HOME !== undefined) process.env.XDG_STATE_HOME = XDG_STATE_HOME;
    }
  });

  it("never leaves the folder of all states", () => {
    for (const name of ["..", "../other", "a/b", ".hidden", ""])
      assert.throws(() => stateFolder(name), /no name of a stack/);
  });

  it("holds the API key in a file for its owner alone, also where an older one was open to all", () => {
    const path = join(folder, "deep", "api-key");
    writeKey(path, "secret");
    assert.equal(readFileSync(path, "utf8"), "secret\n");
    assert.equal(mode(path), 0o600);
    assert.equal(mode(join(folder, "deep")), 0o700);
    chmodSync(path, 0o644);
    const outputs = { apiKeys: { value: { local: "newer", other: "second" }, secret: true } };
    assert.deepEqual(keepKey(outputs, path), { key: "newer", keyFile: path });
    assert.equal(readFileSync(path, "utf8"), "newer\n");
    assert.equal(mode(path), 0o600);
  });

  it("holds no key where the endpoint is open", () => {
    const path = join(folder, "api-key");
    assert.deepEqual(keepKey({}, path), { key: null, keyFile: null });
    assert.deepEqual(keepKey({ apiKeys: { value: {}, secret: true } }, path), { key: null, keyFile: null });
  });

  it("remembers the cluster of a stack for commands that run elsewhere", () => {
    const restore = useKubeconfig("mine");
    const kubeconfig = process.env.KUBECONFIG;
    const file = environmentFile("config:\n  vllm-stack:cluster: { provider: existing, context: kind-kind }\n");
    const target = targetOf(file, "mine");
    restore();
    writeTarget(folder, target);
    assert.deepEqual(readTarget(folder), {
      kubeconfig,
      context: "mine",
      passphrase: "local",
      config: { cluster: { provider: "existing", context: "mine" } },
    });
    assert.equal(mode(join(folder, "target.json")), 0o600);
    assert.equal(readTarget(join(folder, "nowhere")), undefined);
  });

  it("is encrypted with the user's passphrase where the environment's file has secrets", () => {
    assert.equal(passphraseOwner(environmentFile("config: {}\n")), "local");
    assert.equal(passphraseOf("local", "mine"), LOCAL_PASSPHRASE);
    assert.equal(passphraseOwner(environmentFile("encryptionsalt: v1:abc\nconfig: {}\n")), "user");
    assert.equal(passphraseOf("user", "mine", { PULUMI_CONFIG_PASSPHRASE: "mine" }), "mine");
    writeFileSync(join(folder, "passphrase"), "from a file\n");
    const env = { PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "passphrase") };
    assert.equal(passphraseOf("user", "mine", env), "from a file");
    assert.throws(
      () => passphraseOf("user", "mine", {}),
      /mine: its file has encrypted secrets\. Set PULUMI_CONFIG_PASSPHRASE/,
    );
  });

  it("can't hold secrets of a service, which only the Pulumi CLI reaches", () => {
    const file = environmentFile("secretsprovider: awskms://alias/x\nconfig: {}\n");
    assert.throws(
      () => passphraseOwner(file),
      /Pulumi\.mine\.yaml: secretsprovider: awskms:\/\/alias\/x – .*pulumi up/,
    );
  });
});

describe("a program on the PATH", () => {
  it("is the first executable file of that name, with links resolved", () => {
    const folder = mkdtempSync(join(tmpdir(), "vllm-stack-path-"));
    const [first, second, third] = ["a", "b", "c"].map((name) => join(folder, name));
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    for (const path of [first, second, third]) mkdirSync(path);
    mkdirSync(join(first, "tool"));
    writeFileSync(join(second, "tool"), "not executable", { mode: 0o644 });
    writeFileSync(join(folder, "real"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync(join(folder, "real"), join(third, "tool"));
    assert.equal(findExecutable("tool", ["", "/nowhere", first, second, third]), join(folder, "real"));
    assert.equal(findExecutable("tool", [first, second]), undefined);
    rmSync(folder, { recursive: true });
  });
});
