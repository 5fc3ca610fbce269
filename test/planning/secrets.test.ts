import assert from "node:assert/strict";
import type { EnvironmentInput } from "../../environments/schema/environment.ts";
import { planSecrets } from "../../planning/secrets.ts";
import { environmentOf } from "./support/environments.ts";
import { planOf, secretsOf, workloadsOf } from "./support/stacks.ts";

function entries(settings: Partial<EnvironmentInput>): Record<string, unknown> {
  return Object.fromEntries(
    planSecrets(environmentOf(settings)).flatMap(({ name, entries: list }) =>
      list.map(({ key, source }) => [`${name}/${key}`, source] as const),
    ),
  );
}

describe("the Secrets of a stack", () => {
  it("are the engines' key, digests of the clients' keys and Grafana's password, made where none is given", () => {
    assert.deepEqual(entries({}), {
      "engine-key/key": { kind: "generated", resource: "engine-key", length: 40 },
      "api-keys/digests.json": { kind: "apiKeyDigests", keys: [{ name: "default", from: "generated" }] },
      "grafana-admin/password": { kind: "generated", resource: "grafana-admin", length: 24 },
    });
  });

  it("come from the configuration where it has them, key by key", () => {
    const found = entries({
      access: { keys: [{ name: "team" }, { name: "ci" }] },
      apiKeys: { team: "sk-team" },
      grafanaPassword: "secret-password",
      huggingFaceToken: "hf_secret",
    });
    assert.deepEqual(found["api-keys/digests.json"], {
      kind: "apiKeyDigests",
      keys: [
        { name: "team", from: "config" },
        { name: "ci", from: "generated" },
      ],
    });
    assert.deepEqual(found["grafana-admin/password"], { kind: "config", configKey: "grafanaPassword" });
    assert.deepEqual(found["hugging-face/token"], { kind: "config", configKey: "huggingFaceToken" });
  });

  it("are left out where nothing reads them", () => {
    assert.equal("hugging-face/token" in entries({}), false);
    assert.equal("api-keys/digests.json" in entries({ access: { keys: [] } }), false);
    assert.equal("grafana-admin/password" in entries({ observability: { mode: "none" } }), false);
    const withoutGrafana = { mode: "bundled", grafana: { enabled: false } } as const;
    assert.equal("grafana-admin/password" in entries({ observability: withoutGrafana }), false);
  });

  const environments: readonly [string, Partial<EnvironmentInput>][] = [
    ["the default", {}],
    ["an open endpoint", { access: { keys: [] } }],
    ["a token", { huggingFaceToken: "hf_secret" }],
    ["no metrics", { observability: { mode: "none" } }],
    [
      "the Rust router",
      {
        router: { implementation: "vllm-router" },
        images: { overrides: { vllmRouter: "example.com/vllm-router:0.1.17" } },
      },
    ],
  ];
  for (const [what, settings] of environments) {
    it(`cover what pods read with ${what}, and nothing else is made`, () => {
      const plan = planOf(environmentOf(settings));
      const read = new Set(workloadsOf(plan).flatMap(({ pod }) => secretsOf(pod)));
      assert.deepEqual([...read].sort(), plan.secrets.map(({ name }) => name).sort());
    });
  }

  it("hold no value: a plan can be printed", () => {
    const settings = {
      apiKeys: { default: "sk-secret" },
      grafanaPassword: "secret-password",
      huggingFaceToken: "hf_secret",
    };
    assert.doesNotMatch(JSON.stringify(planOf(environmentOf(settings))), /sk-secret|secret-password|hf_secret/);
  });
});
