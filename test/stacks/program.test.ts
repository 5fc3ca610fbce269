import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { environmentNames, readEnvironment, readSettings } from "../../environments/schema/file.ts";
import { program } from "../../index.ts";
import { deployments, podOf } from "../support/components.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";
import { ofType, record } from "../support/mocks.ts";
import type { Recording } from "../support/mocks.ts";
import { violationsOfRestricted } from "../support/pod-security.ts";
import { at, listAt } from "../support/values.ts";

/** A small environment: one simulated model, one key of the configuration and one generated. */
const SMALL = {
  cluster: { provider: "existing", context: "here" },
  models: [{ name: "tiny", model: "Qwen/Qwen3-0.6B", runtime: "simulator", maxModelLength: 4096 }],
  access: { keys: [{ name: "alice" }, { name: "bob" }] },
  apiKeys: { alice: "sk-alice-from-config" },
  observability: { mode: "bundled", grafana: { enabled: true } },
  grafanaPassword: "grafana-from-config",
} as const;

describe("the program", () => {
  let restore: () => void;

  before(() => {
    restore = useKubeconfig("here", "vllm-stack-local", "kind-kind");
  });

  after(() => {
    restore();
  });

  describe("of a stack with everything in it", () => {
    let run: Recording;

    before(async () => {
      run = await record(program, { stack: "small", config: SMALL });
    });

    it("tells all that people and other programs need", () => {
      assert.equal(run.error, undefined);
      assert.deepEqual(Object.keys(run.outputs).sort(), [
        "apiKeys",
        "cluster",
        "cost",
        "endpoint",
        "grafanaPassword",
        "grafanaUrl",
        "models",
        "nextSteps",
        "prometheusUrl",
      ]);
      assert.equal(run.outputs.endpoint, "http://front.vllm-small.svc.cluster.local:8000/v1");
      assert.deepEqual(run.outputs.models, [{ servedName: "Qwen/Qwen3-0.6B", replicas: 1, gpus: 0, verdict: null }]);
      assert.deepEqual(run.outputs.nextSteps, [
        "pulumi stack output apiKeys --show-secrets --stack small",
        "npm run connect -- small",
        'curl http://127.0.0.1:8000/v1/models --header "Authorization: Bearer $KEY"',
      ]);
    });

    it("keeps keys and passwords secret in its outputs", () => {
      assert.deepEqual([...run.secretOutputs].sort(), ["apiKeys", "grafanaPassword"]);
      assert.equal(at(run.outputs.apiKeys, "alice"), "sk-alice-from-config");
      assert.equal(run.outputs.grafanaPassword, "grafana-from-config");
    });

    it("never has a secret of the configuration in an input that isn't one", () => {
      for (const { urn, inputs, secretInputs } of run.resources) {
        const plain = JSON.stringify(Object.entries(inputs).filter(([key]) => !secretInputs.includes(key)));
        for (const secret of ["sk-alice-from-config", "grafana-from-config"]) {
          assert.ok(!plain.includes(secret) && !plain.includes(Buffer.from(secret).toString("base64")), urn);
        }
      }
    });

    it("previews exactly what it then makes", async () => {
      const preview = await record(program, { stack: "small", config: SMALL, preview: true });
      assert.equal(preview.error, undefined);
      assert.deepEqual(
        preview.resources.map(({ urn }) => urn),
        run.resources.map(({ urn }) => urn),
      );
    });

    it("passes the plan's warnings on, in previews as well", async () => {
      const open = { ...SMALL, access: { keys: [] }, apiKeys: {} };
      const { warnings, error } = await record(program, { stack: "small", config: open, preview: true });
      assert.equal(error, undefined);
      assert.ok(
        warnings.some((text) => text.startsWith("access.keys: The list is empty")),
        warnings.join("\n"),
      );
    });
  });

  it("has a kubeconfig to give where one was given, as a secret", async () => {
    const config = { ...SMALL, cluster: { provider: "existing", kubeconfig: "apiVersion: v1\nkind: Config\n" } };
    const run = await record(program, { stack: "small", config });
    assert.equal(run.error, undefined);
    assert.equal(run.outputs.kubeconfig, "apiVersion: v1\nkind: Config\n");
    assert.ok(run.secretOutputs.includes("kubeconfig"));
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.kubeconfig, "apiVersion: v1\nkind: Config\n");
  });

  for (const name of environmentNames()) {
    it(`runs environments/Pulumi.${name}.yaml with pods that the namespace admits`, async () => {
      const run = await record(program, { stack: name, config: readSettings(readEnvironment(name).path) });
      assert.equal(run.error, undefined);
      for (const deployment of deployments(run)) {
        assert.deepEqual(violationsOfRestricted(podOf(deployment)), [], deployment.name);
        const [container] = listAt(podOf(deployment), "containers");
        for (const kind of ["requests", "limits"])
          assert.ok(at(container, "resources", kind, "memory"), deployment.name);
        assert.ok(at(container, "readinessProbe"), deployment.name);
        assert.ok(at(container, "livenessProbe"), deployment.name);
      }
    });
  }

  describe("refuses, without a stack trace and before anything is registered,", () => {
    const refusals: readonly (readonly [what: string, config: Record<string, unknown>, message: RegExp])[] = [
      [
        "an unknown key, with what was meant",
        { ...SMALL, modles: [] },
        /modles: – is not a setting\. Did you mean models\?/,
      ],
      ["a missing section", { models: SMALL.models }, /cluster.* – is required/],
      [
        "every problem at once",
        { ...SMALL, cluster: { provider: "existing", contxt: "here" }, models: [{ name: "Tiny", model: "m" }] },
        /has 2 problems:[^]*contxt[^]*models\[0\]\.name/,
      ],
      [
        "a model that can't fit its GPU",
        {
          ...SMALL,
          cluster: { ...SMALL.cluster, gpuPools: [{ name: "l4", accelerator: "l4", gpusPerNode: 1 }] },
          models: [{ name: "big", model: "meta-llama/Llama-3.3-70B-Instruct" }],
          huggingFaceToken: "hf_x",
        },
        /models\[0\]/,
      ],
      [
        "a context that isn't there, with the nearest one",
        { ...SMALL, cluster: { provider: "existing", context: "hare" } },
        /cluster\.context: hare – is not a context of .*Did you mean here\?/,
      ],
      [
        "two API keys with one value, which the front could not tell apart",
        { ...SMALL, apiKeys: { alice: "same-value", bob: "same-value" } },
        /apiKeys\.bob: – has the same value as apiKeys\.alice/,
      ],
    ];
    for (const [what, config, message] of refusals) {
      it(what, async () => {
        const { error, resources } = await record(program, { stack: "small", config });
        assert.ok(pulumi.RunError.isInstance(error), String(error));
        assert.match(error.message, message);
        assert.ok(!error.message.includes("same-value"), "messages repeat no secret");
        assert.deepEqual(resources, []);
      });
    }
  });
});
