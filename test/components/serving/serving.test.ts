import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { deployments, recordPlan } from "../../support/components.ts";
import { ofType, the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";
import { at, objectAt, textAt } from "../../support/values.ts";
import { URNS } from "./urns.ts";

const SCRIPT = join(import.meta.dirname, "../../../components/serving/front/front.js");

describe("the serving stack", () => {
  let run: Recording;

  before(async () => {
    run = await recordPlan(literalPlan());
  });

  it("lives in a namespace of its own that refuses pods outside the standard restricted", () => {
    const labels = objectAt(the(run, "core/v1:Namespace", "vllm-test").inputs, "metadata", "labels");
    assert.equal(labels["pod-security.kubernetes.io/enforce"], "restricted");
    assert.equal(labels["pod-security.kubernetes.io/warn"], "restricted");
    assert.equal(labels["vllm-stack/environment"], "test");
  });

  it("starts no pod before its namespace, its network policies and the device plugin are there", () => {
    for (const { name, inputs, dependsOn } of deployments(run)) {
      const own = `serving-policies-${textAt(inputs, "metadata", "name")}`;
      for (const first of ["serving-namespace", "serving-policies-default-deny", own, "device-plugin"]) {
        assert.ok(dependsOn.includes(first), `${name} waits for ${first}`);
      }
    }
  });

  it("starts no pod before the Secrets it reads", () => {
    const { dependsOn } = the(run, "apps/v1:Deployment", "engine-llama");
    assert.deepEqual(
      dependsOn.filter((name) => name.startsWith("serving-secrets")),
      ["serving-secrets-engine-key", "serving-secrets-hugging-face"],
    );
  });

  it("starts engines after the cache server, and the front after the routers but not after the engines", () => {
    const engine = the(run, "apps/v1:Deployment", "engine-qwen");
    assert.ok(engine.dependsOn.includes("serving-cache"));
    const { dependsOn } = the(run, "apps/v1:Deployment", "front");
    assert.ok(dependsOn.includes("serving-router-llama") && dependsOn.includes("serving-router-qwen"));
    assert.ok(!dependsOn.some((name) => name.startsWith("serving-engine")));
  });

  it("previews completely before the cluster can be asked: names are plain, the order is an edge", () => {
    for (const { name, type, inputs, dependsOn } of run.resources) {
      const isNamespaced = type.startsWith("kubernetes:") && at(inputs, "metadata", "namespace") === "vllm-test";
      if (isNamespaced) assert.ok(dependsOn.includes("serving-namespace"), name);
    }
  });

  it("puts the front's script beside the plan's files, and its hash covers both", () => {
    const files = objectAt(the(run, "core/v1:ConfigMap", "front-config").inputs, "data");
    assert.deepEqual(Object.keys(files).sort(), ["front.js", "nginx.conf"]);
    assert.equal(files["front.js"], readFileSync(SCRIPT, "utf8"));
  });

  it("reaches the cluster through its provider alone, never through a default one", () => {
    const objects = run.resources.filter(({ type }) => type.startsWith("kubernetes:"));
    assert.ok(objects.length > 50);
    for (const { urn, provider } of objects) assert.match(provider, /::cluster-kubernetes::/, urn);
  });

  it("gives every resource a stable URN: what is renamed would be replaced, so a rename needs an alias", () => {
    assert.deepEqual(
      run.resources.map(({ urn }) => urn.split("::").slice(2).join("::")),
      URNS,
    );
  });

  it("makes one engine Deployment and one router Deployment per model", () => {
    const names = ofType(run, "kubernetes:apps/v1:Deployment").map(({ inputs }) => at(inputs, "metadata", "name"));
    assert.deepEqual(names.sort(), [
      "cache",
      "engine-llama",
      "engine-qwen",
      "front",
      "grafana",
      "prometheus",
      "router-llama",
      "router-qwen",
    ]);
  });
});
