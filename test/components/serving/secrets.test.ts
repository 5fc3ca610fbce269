import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { CONFIGURED, deployments, KUBECONFIG, podAnnotations, recordPlan } from "../../support/components.ts";
import { generatedPassword, ofType, the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";
import { at, objectAt, textAt } from "../../support/values.ts";

const GENERATED = ["engine-key", "api-key-bob", "grafana-password"].map((name) =>
  generatedPassword(`serving-secrets-${name}`),
);

describe("secrets", () => {
  let run: Recording;

  before(async () => {
    run = await recordPlan(literalPlan());
  });

  it("go from the configuration or a generator into Kubernetes Secrets", () => {
    assert.equal(decoded(run, "hugging-face", "token"), CONFIGURED.huggingFaceToken);
    assert.equal(decoded(run, "engine-key", "key"), generatedPassword("serving-secrets-engine-key"));
    assert.equal(decoded(run, "grafana-admin", "password"), generatedPassword("serving-secrets-grafana-password"));
  });

  it("reach the cluster as SHA-256 digests only, where they are clients' API keys", () => {
    const digests = JSON.parse(decoded(run, "api-keys", "digests.json")) as Record<string, string>;
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    assert.deepEqual(digests, {
      [sha256(CONFIGURED["apiKeys.alice"] ?? "")]: "alice",
      [sha256(generatedPassword("serving-secrets-api-key-bob"))]: "bob",
    });
  });

  it("give the stack's owner the API keys, as a secret output", () => {
    assert.deepEqual(run.secretOutputs, ["apiKeys"]);
    assert.deepEqual(run.outputs.apiKeys, {
      alice: CONFIGURED["apiKeys.alice"],
      bob: generatedPassword("serving-secrets-api-key-bob"),
    });
  });

  it("never stand in an input that isn't marked secret, neither as they are nor encoded", () => {
    const values = [...Object.values(CONFIGURED), ...GENERATED, KUBECONFIG];
    const forms = values.flatMap((value) => [
      JSON.stringify(value).slice(1, -1),
      Buffer.from(value).toString("base64"),
      createHash("sha256").update(value).digest("hex"),
    ]);
    for (const { urn, inputs, secretInputs } of run.resources) {
      const plain = Object.entries(inputs).filter(([key]) => !secretInputs.includes(key));
      const text = JSON.stringify(plain);
      assert.deepEqual(
        forms.filter((form) => text.includes(form)),
        [],
        urn,
      );
    }
  });

  it("are letters and digits where they are generated, of the length the plan asks for", () => {
    const passwords = ofType(run, "random:index/randomPassword:RandomPassword");
    assert.deepEqual(
      passwords.map(({ name, inputs }) => [name, inputs.length, inputs.special]),
      [
        ["serving-secrets-api-key-bob", 40, false],
        ["serving-secrets-engine-key", 48, false],
        ["serving-secrets-grafana-password", 24, false],
      ],
    );
  });

  it("roll out the pods that read them when they change, and no others", async () => {
    const rotated = await recordPlan(literalPlan(), { secrets: { huggingFaceToken: "hf_rotated" } });
    const before = deployments(run).map(podAnnotations);
    const moved = deployments(rotated).filter(
      (deployment, index) => JSON.stringify(podAnnotations(deployment)) !== JSON.stringify(before[index]),
    );
    assert.deepEqual(
      moved.map(({ name }) => name),
      ["serving-engine-llama-deployment", "serving-engine-qwen-deployment"],
    );
  });

  it("are told apart in pod annotations by random values, from which nothing can be guessed", () => {
    const engine = the(run, "apps/v1:Deployment", "engine-llama");
    const versions = ofType(run, "random:index/randomId:RandomId");
    assert.deepEqual(Object.keys(podAnnotations(engine)).sort(), [
      "vllm-stack/secret-version-engine-key",
      "vllm-stack/secret-version-hugging-face",
    ]);
    assert.equal(versions.length, 4);
    for (const version of versions) assert.deepEqual(version.secretInputs, ["keepers"], version.name);
  });

  it("are not known in a first preview, which is complete all the same", async () => {
    const preview = await recordPlan(literalPlan(), { preview: true });
    assert.deepEqual(
      preview.resources.map(({ urn }) => urn),
      run.resources.map(({ urn }) => urn),
    );
    assert.deepEqual(objectAt(the(preview, "core/v1:Secret", "engine-key").inputs, "metadata").name, "engine-key");
    const engine = the(preview, "apps/v1:Deployment", "engine-llama");
    assert.deepEqual(
      at(engine.inputs, "spec", "template", "spec"),
      at(the(run, "apps/v1:Deployment", "engine-llama").inputs, "spec", "template", "spec"),
    );
  });
});

function decoded(run: Recording, secret: string, key: string): string {
  const resource = the(run, "core/v1:Secret", secret);
  assert.deepEqual(resource.secretInputs, ["data"]);
  return Buffer.from(textAt(resource.inputs, "data", key), "base64").toString("utf8");
}
