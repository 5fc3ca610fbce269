import { PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { Service } from "@pulumi/kubernetes/core/v1/index.js";
import { Provider } from "@pulumi/kubernetes/provider.js";
import assert from "node:assert/strict";
import { program } from "../../index.ts";
import { EngineError } from "../../rehearsal/engine/errors.ts";
import { changedSteps } from "../../rehearsal/engine/events.ts";
import { localModels, type LocalStack } from "../support/stack.ts";
import { eventually } from "./faults.ts";

/** What the engine says and does about a stack that runs. */
export function lifecycle(stack: () => LocalStack): void {
  describe("the engine", () => {
    it("finds nothing to change in a stack that was just brought up", async () => {
      assert.deepEqual(changedNames(await stack().run((engine) => engine.preview())), []);
    });

    it("changes nothing but the objects of the engine that was changed", async () => {
      const [first = {}, ...others] = localModels();
      const models = [{ ...first, maxSequences: 64 }, ...others];
      const result = await stack().up({ config: { models } });
      assert.deepEqual(changedNames(result), ["update Deployment engine-qwen3-8b"]);
      const { args, command } = await engineContainer(stack());
      assert.ok([...(command ?? []), ...(args ?? [])].join(" ").includes("--max-num-seqs 64"));
      assert.deepEqual(changedNames(await stack().up()), ["update Deployment engine-qwen3-8b"]);
    });

    it("finds a Deployment that was scaled by hand, and puts it right", async () => {
      const { namespace } = stack().plan;
      await stack().apps.patchNamespacedDeploymentScale(
        { name: "router-qwen3-8b", namespace, body: { spec: { replicas: 3 } } },
        setHeaderOptions("Content-Type", PatchStrategy.MergePatch),
      );
      const drift = await stack().run((engine) => engine.refresh());
      assert.deepEqual(changedNames(drift), ["update Deployment router-qwen3-8b"]);
      const repair = await stack().run((engine) => engine.up());
      assert.deepEqual(changedNames(repair), ["update Deployment router-qwen3-8b"]);
      await eventually(async () => {
        const { spec } = await stack().apps.readNamespacedDeployment({ name: "router-qwen3-8b", namespace });
        assert.equal(spec?.replicas, 1);
      });
    });

    it("refuses in the preview what the API server refuses, in the API server's words", async () => {
      const preview = stack().run((engine) => engine.preview(), {
        program: async () => {
          const outputs = await program();
          const provider = new Provider("extra", { context: stack().plan.cluster.context ?? "" });
          const metadata = { name: "extra", namespace: stack().plan.namespace };
          new Service("extra", { metadata, spec: { ports: [{ port: 70_000 }] } }, { provider });
          return outputs;
        },
      });
      await assert.rejects(preview, (error: unknown) => {
        assert.ok(error instanceof EngineError, String(error));
        assert.match(error.message, /Service .*extra/);
        assert.match(error.message, /spec\.ports\[0\]\.port.*must be between 1 and 65535/s);
        return true;
      });
      await assert.rejects(stack().core.readNamespacedService({ name: "extra", namespace: stack().plan.namespace }));
    });

    it("keeps secrets out of the state in clear", async () => {
      const { text } = await stack().run(async (engine) => ({ text: JSON.stringify(await engine.exportState()) }));
      assert.ok(stack().key.length >= 20);
      assert.ok(!text.includes(stack().key), "the API key stands in the state");
      const engineKey = await stack().core.readNamespacedSecret({
        name: "engine-key",
        namespace: stack().plan.namespace,
      });
      const value = Buffer.from(engineKey.data?.key ?? "", "base64").toString();
      assert.ok(value.length >= 20);
      assert.ok(!text.includes(value), "the engine key stands in the state");
      assert.ok(!text.includes(engineKey.data?.key ?? value), "the encoded engine key stands in the state");
    });
  });
}

/** `operation Kind name` of every step that changes something, without the components around them. */
function changedNames(result: Parameters<typeof changedSteps>[0]): string[] {
  return changedSteps(result)
    .filter(({ type }) => type.startsWith("kubernetes:") || type.startsWith("random:"))
    .map(({ operation, type, urn, name }) => `${operation} ${type.split(":").at(-1) ?? ""} ${objectName(urn, name)}`)
    .sort();
}

/** URN names end with what they are; the object's own name is what people know. */
function objectName(_urn: string, name: string): string {
  return name.replace(/^serving-/, "").replace(/-(deployment|service|config)$/, "");
}

async function engineContainer(stack: LocalStack): Promise<{ command?: string[]; args?: string[] }> {
  const { spec } = await stack.apps.readNamespacedDeployment({
    name: "engine-qwen3-8b",
    namespace: stack.plan.namespace,
  });
  return spec?.template.spec?.containers[0] ?? {};
}
