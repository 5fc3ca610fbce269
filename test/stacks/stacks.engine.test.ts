import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { readSettings } from "../../environments/schema/file.ts";
import { program } from "../../index.ts";
import { simulatedKubernetes } from "../../rehearsal/clouds/kubernetes.ts";
import type { SimulatedKubernetes } from "../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../rehearsal/clouds/random.ts";
import { withEngine } from "../../rehearsal/engine/engine.ts";
import type { Engine } from "../../rehearsal/engine/engine.ts";
import { EngineError } from "../../rehearsal/engine/errors.ts";
import { changedSteps } from "../../rehearsal/engine/events.ts";
import type { RunResult } from "../../rehearsal/engine/events.ts";
import type { ConfigValue } from "../../rehearsal/engine/workspace.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";
import { pulumiRoot as prepareEngine } from "../support/toolchain.ts";

const PROJECT = join(import.meta.dirname, "../..");

type Config = Readonly<Record<string, ConfigValue>>;

describe("stacks under the real engine, with a simulated Kubernetes", () => {
  let pulumiRoot: string;
  let stateDir: string;
  let kubernetes: SimulatedKubernetes;
  let restore: () => void;

  before(async function () {
    // The engine is built once per machine.
    this.timeout(600_000);
    pulumiRoot = await prepareEngine();
  });

  beforeEach(async () => {
    stateDir = await mkdtemp(join(tmpdir(), "vllm-stacks-"));
    kubernetes = simulatedKubernetes();
    restore = useKubeconfig("vllm-stack-local", "here");
  });

  afterEach(async () => {
    restore();
    await rm(stateDir, { recursive: true });
  });

  const run = <T>(stack: string, config: Config, use: (engine: Engine) => Promise<T>): Promise<T> => {
    const providers = [kubernetes, simulatedRandom()];
    return withEngine({ pulumiRoot, projectDir: PROJECT, stack, stateDir, config, program, providers }, use);
  };

  it("the local environment comes up as previewed, stays, changes in one place, and goes without a trace", async () => {
    const created = await run("local", {}, async (engine) => {
      const preview = await engine.preview();
      const up = await engine.up();
      assert.deepEqual(up.changes, preview.changes);
      assert.deepEqual(Object.keys(up.changes), ["create"]);
      assert.deepEqual(changedSteps(await engine.preview()), [], "a preview without a change shows none");
      assert.deepEqual(changedSteps(await engine.refresh()), [], "nothing has drifted");
      return up.changes.create ?? 0;
    });

    const models = Models.parse(readSettings(join(PROJECT, "environments/Pulumi.local.yaml")).models);
    const changed = models.map((model, index) => (index === 0 ? { ...model, maxModelLength: 2048 } : model));
    await run("local", { models: changed }, async (engine) => {
      const { changes } = await engine.preview();
      assert.equal(changes.create ?? 0, 0);
      assert.deepEqual(namesOf(await engine.up()), [
        "serving-engine-qwen3-8b-deployment",
        // The front tells clients the longest request of each model.
        "serving-front-config",
        "serving-front-deployment",
      ]);
      const { changes: destroyed } = await engine.destroy();
      assert.equal(destroyed.delete, created);
      assert.deepEqual((await engine.exportState()).resources, []);
    });
  });

  it("a new API key reaches the front alone, and no key stands in the state in clear", async () => {
    const config = { ...SMALL, access: { keys: [{ name: "alice" }] }, apiKeys: { alice: "sk-alice-in-clear" } };
    await run("keys", config, async (engine) => {
      await engine.up();
      const state = JSON.stringify(await engine.exportState());
      assert.ok(!state.includes("sk-alice-in-clear"));
      assert.ok(!state.includes(Buffer.from("sk-alice-in-clear").toString("base64")));
      const { apiKeys } = await engine.outputs();
      assert.deepEqual([apiKeys?.secret, apiKeys?.value], [true, { alice: "sk-alice-in-clear" }]);
    });
    const two = { ...config, access: { keys: [{ name: "alice" }, { name: "bob" }] } };
    await run("keys", two, async (engine) => {
      assert.deepEqual(namesOf(await engine.up()), [
        "serving-front-deployment",
        "serving-secrets-api-key-bob",
        "serving-secrets-api-keys",
        "serving-secrets-api-keys-version",
      ]);
    });
  });

  it("a serving stack runs on what a cluster stack hands over, and asks for it before it is there", async () => {
    const serving = { layer: { kind: "serving", clusterStack: "organization/vllm-stack/gpus" }, ...MODELS };
    const cluster = {
      layer: { kind: "cluster" },
      cluster: {
        provider: "existing",
        kubeconfig: "apiVersion: v1\nkind: Config\n",
        gpuPools: [{ name: "l4", accelerator: "l4", gpusPerNode: 4, nodeSelector: { pool: "l4" } }],
        devicePlugin: { owner: "stack" },
      },
      ...MODELS,
    };
    await assert.rejects(
      run("chat", serving, (engine) => engine.preview()),
      (error) => error instanceof EngineError && error.message.includes("organization/vllm-stack/gpus"),
    );
    await run("gpus", cluster, (engine) => engine.up());
    await run("chat", serving, async (engine) => {
      await engine.up();
      assert.deepEqual(changedSteps(await engine.preview()), []);
      await engine.destroy();
    });
    await run("gpus", cluster, async (engine) => {
      assert.deepEqual(changedSteps(await engine.preview()), [], "the cluster never noticed");
    });
  });

  it("a wrong environment is refused with its problems alone, and nothing is created", async () => {
    await run("wrong", { ...SMALL, modles: [] }, async (engine) => {
      await assert.rejects(engine.up(), (error) => {
        assert.ok(error instanceof EngineError);
        assert.match(error.message, /modles: – is not a setting\. Did you mean models\?/);
        assert.doesNotMatch(error.message, /\n\s+at /);
        return true;
      });
      const { resources } = await engine.exportState();
      assert.deepEqual(
        resources.map(({ type }) => type),
        ["pulumi:pulumi:Stack"],
      );
    });
  });
});

const Models = z.array(z.record(z.string(), z.json()));

const MODELS = {
  models: [{ name: "tiny", model: "Qwen/Qwen3-0.6B", maxModelLength: 4096 }],
  observability: { mode: "none" },
} as const;

const SMALL = {
  cluster: { provider: "existing", context: "here" },
  models: [{ name: "tiny", model: "Qwen/Qwen3-0.6B", runtime: "simulator", maxModelLength: 4096 }],
  observability: { mode: "none" },
} as const;

/** Names of what a run changed, once each. */
function namesOf(result: RunResult): string[] {
  return [...new Set(changedSteps(result).map(({ name }) => name))].sort();
}
