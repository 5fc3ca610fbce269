import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse } from "yaml";
import { makeWorkspace } from "../../../rehearsal/engine/workspace.ts";

describe("the folder the engine works in", () => {
  let folder = "";
  let projectDir = "";
  let environment = "";

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "vllm-stack-test-"));
    projectDir = path.join(folder, "project");
    environment = path.join(projectDir, "environments", "Pulumi.local.yaml");
    await mkdir(path.dirname(environment), { recursive: true });
    const plugins = "plugins:\n  providers:\n    - { name: lambda, path: ./providers/lambda }\n";
    await writeFile(
      path.join(projectDir, "Pulumi.yaml"),
      `name: vllm-stack\nruntime: nodejs\nmain: main.js\n${plugins}`,
    );
    await writeFile(environment, "# settings\nconfig:\n  vllm-stack:paused: false\n");
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function made(config = {}): Promise<unknown> {
    const workspace = await makeWorkspace({ projectDir, stack: "local", config }, path.join(folder, "copy"));
    return parse(await readFile(path.join(workspace, "environments", "Pulumi.local.yaml"), "utf8"));
  }

  it("has the environment's settings with others laid over them, and leaves the user's file alone", async () => {
    const config = { models: [{ name: "llama" }], "kubernetes:namespace": "serving" };
    assert.deepEqual(await made(config), {
      config: {
        "vllm-stack:paused": false,
        "vllm-stack:models": [{ name: "llama" }],
        "kubernetes:namespace": "serving",
      },
    });
    assert.equal(await readFile(environment, "utf8"), "# settings\nconfig:\n  vllm-stack:paused: false\n");
  });

  it("keeps the salt of earlier runs, as the secrets of the state need it", async () => {
    await made();
    const copy = path.join(folder, "copy", "environments", "Pulumi.local.yaml");
    await writeFile(copy, `${await readFile(copy, "utf8")}encryptionsalt: v1:abc=\n`);
    assert.deepEqual(await made(), { config: { "vllm-stack:paused": false }, encryptionsalt: "v1:abc=" });
  });

  it("finds the project's plugins from where it is", async () => {
    await made();
    const project: unknown = parse(await readFile(path.join(folder, "copy", "Pulumi.yaml"), "utf8"));
    assert.deepEqual(project, {
      name: "vllm-stack",
      runtime: "nodejs",
      stackConfigDir: "environments",
      plugins: { providers: [{ name: "lambda", path: path.join(projectDir, "providers", "lambda") }] },
    });
  });

  it("needs no project for a program of a test", async () => {
    const workspace = await makeWorkspace(
      { stack: "test", config: { layer: { kind: "all" } } },
      path.join(folder, "bare"),
    );
    const text = await readFile(path.join(workspace, "environments", "Pulumi.test.yaml"), "utf8");
    assert.deepEqual(parse(text), { config: { "vllm-stack:layer": { kind: "all" } } });
  });
});
