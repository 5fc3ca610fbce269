import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { program } from "../../index.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";
import { ofType, record } from "../support/mocks.ts";
import type { Recording } from "../support/mocks.ts";
import { at } from "../support/values.ts";

const MODELS = [{ name: "tiny", model: "Qwen/Qwen3-0.6B", maxModelLength: 4096 }];

const CLUSTER_STACK = {
  layer: { kind: "cluster" },
  cluster: {
    provider: "existing",
    kubeconfig: "apiVersion: v1\n",
    gpuPools: [{ name: "l4", accelerator: "l4", gpusPerNode: 4, nodeSelector: { pool: "l4" } }],
    devicePlugin: { owner: "stack" },
  },
  models: MODELS,
};

const SERVING_STACK = {
  layer: { kind: "serving", clusterStack: "acme/vllm-stack/gpus" },
  models: MODELS,
  observability: { mode: "none" },
};

describe("a cluster in one stack and serving in another", () => {
  let cluster: Recording;
  let restore: () => void;

  before(async () => {
    restore = useKubeconfig("here");
    cluster = await record(program, { stack: "gpus", config: CLUSTER_STACK });
  });

  after(() => {
    restore();
  });

  const serve = (stackOutputs: Recording["outputs"], config: Record<string, unknown> = SERVING_STACK) =>
    record(program, { stack: "chat", config, stackOutputs: { "acme/vllm-stack/gpus": stackOutputs } });

  it("the cluster stack has the cluster and its device plugin, and nothing that serves", () => {
    assert.equal(cluster.error, undefined);
    assert.deepEqual(
      cluster.resources.map(({ name }) => name),
      ["device-plugin-daemon-set", "device-plugin", "cluster-kubernetes", "cluster"],
    );
    assert.deepEqual(Object.keys(cluster.outputs).sort(), ["cluster", "kubeconfig"]);
    assert.deepEqual(cluster.secretOutputs, ["kubeconfig"]);
  });

  it("the serving stack plans with the other's pools and reaches the cluster with the other's kubeconfig", async () => {
    const run = await serve(cluster.outputs);
    assert.equal(run.error, undefined);
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.kubeconfig, "apiVersion: v1\n");
    assert.deepEqual(provider.secretInputs, ["kubeconfig"]);
    const [engine] = ofType(run, "kubernetes:apps/v1:Deployment").filter(({ name }) => name.includes("engine"));
    assert.deepEqual(at(engine?.inputs, "spec", "template", "spec", "nodeSelector"), { pool: "l4" });
    assert.deepEqual(ofType(run, "kubernetes:apps/v1:DaemonSet"), [], "the plugin belongs to the cluster stack");
  });

  it("the cluster keeps its identity, so that moving a layer to a stack of its own replaces nothing", async () => {
    const identities = [cluster, await serve(cluster.outputs)].map(
      (run) => ofType(run, "pulumi:providers:kubernetes")[0]?.inputs.clusterIdentifier,
    );
    assert.equal(identities[0], identities[1]);
  });

  it("a context is handed over as such: each machine has its own kubeconfig", async () => {
    const config = { ...CLUSTER_STACK, cluster: { ...CLUSTER_STACK.cluster, kubeconfig: undefined, context: "here" } };
    const byContext = await record(program, { stack: "gpus", config });
    const run = await serve(byContext.outputs);
    assert.equal(run.error, undefined);
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.context, "here");
    assert.ok(!("kubeconfig" in byContext.outputs));
  });

  it("a cluster stack that hasn't run yet is asked for", async () => {
    const { error, resources } = await serve({});
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    assert.match(error.message, /acme\/vllm-stack\/gpus – has no output `cluster`\. Run the cluster stack first/);
    assert.deepEqual(
      resources.map(({ type }) => type),
      ["pulumi:pulumi:StackReference"],
    );
  });

  it("a handover of another version is refused, naming both stacks' remedy", async () => {
    const { error } = await serve({ ...cluster.outputs, cluster: { version: 2 } });
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    assert.match(error.message, /version.*Run both stacks with the same version of the program/);
  });

  it("a cluster of its own is refused in the serving stack", async () => {
    const { error, resources } = await serve(cluster.outputs, { ...SERVING_STACK, cluster: CLUSTER_STACK.cluster });
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    assert.match(error.message, /cluster: – comes from acme\/vllm-stack\/gpus/);
    assert.deepEqual(resources, []);
  });
});
