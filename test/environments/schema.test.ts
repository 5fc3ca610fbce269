import fc from "fast-check";
import assert from "node:assert/strict";
import { EnvironmentError } from "../../environments/schema/problems.ts";
import { parseEnvironment, SECRET_PLACEHOLDER, settingsOfConfig } from "../../environments/schema/load.ts";

const cluster = { provider: "existing", gpuPools: [{ name: "h100", accelerator: "h100", gpusPerNode: 8 }] };
const model = { name: "llama", model: "meta-llama/Llama-3.1-8B-Instruct" };
const valid = { cluster, models: [model] };

/** The problems of an environment, one line each. */
function problemsOf(settings: Record<string, unknown>): string[] {
  try {
    parseEnvironment("Pulumi.test.yaml", settings);
  } catch (error) {
    assert.ok(error instanceof EnvironmentError, String(error));
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe("an environment", () => {
  it("is never met with anything but a list of problems, whatever the file holds", () => {
    const anything = fc.dictionary(
      fc.constantFrom("cluster", "models", "router", "cache", "access", "images", "layer", "apiKeys", "nonsense"),
      fc.oneof(
        fc.jsonValue(),
        fc.constant({ kind: "lmcache", cpu: [] }),
        fc.constant([{ name: 1, weights: { kind: "x" } }]),
      ),
    );
    fc.assert(
      fc.property(anything, (settings) => {
        for (const problem of problemsOf(settings)) assert.match(problem, /^[^:]+:.* – .+\. .+[.?]$/s);
      }),
    );
  });

  it("needs a cluster and a model, everything else has a default", () => {
    const environment = parseEnvironment("Pulumi.test.yaml", valid);
    assert.equal(environment.layer.kind, "all");
    assert.equal(environment.models[0]?.gpuMemoryUtilization, 0.92);
    assert.equal(environment.router.routing.policy, "prefixAware");
    assert.deepEqual(environment.cache, { kind: "none" });
    assert.equal(environment.observability.mode, "bundled");
    assert.deepEqual(environment.access.keys, [{ name: "default" }]);
  });

  it("accepts GPU nodes' usual taint without being told", () => {
    const pool = parseEnvironment("Pulumi.test.yaml", valid).cluster.gpuPools[0];
    assert.deepEqual(pool?.tolerations, [{ key: "nvidia.com/gpu", operator: "Exists" }]);
  });

  const refusals: readonly [what: string, settings: Record<string, unknown>, expected: RegExp][] = [
    ["no cluster", { models: [model] }, /^cluster: – is required\. /],
    ["no models", { cluster }, /^models: – is required\. /],
    ["an empty list of models", { cluster, models: [] }, /^models: \[\] – must not be empty\. /],
    ["a mistyped top-level key", { ...valid, modles: [] }, /^modles: – is not a setting\. Did you mean models\?$/],
    [
      "a mistyped key deep inside",
      { cluster: { ...cluster, gpuPools: [{ ...cluster.gpuPools[0], nodeSelectr: {} }] }, models: [model] },
      /^cluster\.gpuPools\[0\]\.nodeSelectr: – is not a setting\. Did you mean nodeSelector\?$/,
    ],
    [
      "a mistyped key in one member of a union, naming that member's keys",
      { ...valid, cache: { kind: "lmcache", dsk: {} } },
      /^cache\.dsk: – is not a setting\. Did you mean disk\?$/,
    ],
    [
      "a key that is like no other, with the known ones",
      { ...valid, budget: { perYear: 1, maxPerHour: 1 } },
      /^budget\.perYear: – is not a setting\. Known here: maxPerHour\.$/,
    ],
    [
      "a missing choice",
      { cluster, models: [{ ...model, weights: { kind: "claim", name: "weights" } }] },
      /^models\[0\]\.weights\.accessMode: – is required\. Set it to ReadWriteOnce, ReadWriteMany or ReadOnlyMany\.$/,
    ],
    [
      "an unknown cluster provider",
      { ...valid, cluster: { provider: "exsting" } },
      /^cluster\.provider: exsting – must be existing\. Did you mean existing\?$/,
    ],
    [
      "a union without its discriminator",
      { ...valid, observability: {} },
      /^observability\.mode: – is required\. Set it to none or bundled\.$/,
    ],
    ["a text where an object belongs", { ...valid, router: "fast" }, /^router: fast – must be an object\. /],
    [
      "a fraction of a replica",
      { cluster, models: [{ ...model, replicas: 1.5 }] },
      /^models\[0\]\.replicas: 1\.5 – must be a whole number\. /,
    ],
    [
      "a number in quotes",
      { cluster, models: [{ ...model, replicas: "2" }] },
      /^models\[0\]\.replicas: 2 – must be a number\. /,
    ],
    [
      "more GPU memory than there is",
      { cluster, models: [{ ...model, gpuMemoryUtilization: 1.2 }] },
      /^models\[0\]\.gpuMemoryUtilization: 1\.2 – must be at most 1\. Use 1 or less\.$/,
    ],
    [
      "no GPU memory",
      { cluster, models: [{ ...model, gpuMemoryUtilization: 0 }] },
      /^models\[0\]\.gpuMemoryUtilization: 0 – must be more than 0\. /,
    ],
    [
      "a name Kubernetes wouldn't take",
      { cluster, models: [{ ...model, name: "Llama_8B" }] },
      /^models\[0\]\.name: Llama_8B – must be lower-case letters, digits and dashes, starting with a letter\. /,
    ],
    [
      "a name too long for a prefix",
      { cluster, models: [{ ...model, name: "a".repeat(41) }] },
      /^models\[0\]\.name: a+ – must have at most 40 characters\. /,
    ],
    [
      "a runtime nobody has",
      { cluster, models: [{ ...model, runtime: "cdua" }] },
      /^models\[0\]\.runtime: cdua – must be cuda, cpu or simulator\. Did you mean cuda\?$/,
    ],
    [
      "memory without a unit",
      { cluster, models: [{ ...model, resources: { memory: "16" } }] },
      /^models\[0\]\.resources\.memory: 16 – must be a quantity such as "16Gi"\. /,
    ],
    [
      "an API key where its name belongs, without repeating it",
      { ...valid, access: { keys: ["sk-hunter2"] } },
      /^access\.keys\[0\]: – must be an object\. /,
    ],
    [
      "an empty secret, without repeating it",
      { ...valid, apiKeys: { team: "" } },
      /^apiKeys\.team: – must not be empty\. /,
    ],
    [
      "a layer without its cluster stack",
      { ...valid, layer: { kind: "serving" } },
      /^layer\.clusterStack: – is required\. /,
    ],
    [
      "a header name with spaces",
      { ...valid, router: { routing: { policy: "session", sessionKey: "a b" } } },
      /^router\.routing\.sessionKey: a b – must be the name of an HTTP header\. /,
    ],
  ];
  for (const [what, settings, expected] of refusals) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(settings);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
    });
  }

  it("reports all problems at once", () => {
    const problems = problemsOf({
      cluster: { provider: "existing", contxt: "x" },
      models: [{ model: "x", replicas: -1 }],
      nope: 1,
    });
    assert.equal(problems.length, 4, problems.join("\n"));
  });

  it("never holds the value of a secret", () => {
    const environment = parseEnvironment("Pulumi.test.yaml", {
      cluster: { ...cluster, kubeconfig: "apiVersion: v1 hunter2" },
      models: [model],
      huggingFaceToken: "hunter2",
      apiKeys: { team: "hunter2", other: { secure: "AAAhunter2" }, number: 4711 },
      grafanaPassword: { secure: "AAAhunter2" },
    });
    assert.doesNotMatch(JSON.stringify(environment), /hunter2|4711/);
    assert.equal(environment.huggingFaceToken, SECRET_PLACEHOLDER);
    assert.deepEqual(environment.apiKeys, {
      team: SECRET_PLACEHOLDER,
      other: SECRET_PLACEHOLDER,
      number: SECRET_PLACEHOLDER,
    });
  });

  it("is read from a stack's configuration, where objects are JSON and other projects have keys too", () => {
    const settings = settingsOfConfig({
      "vllm-stack:models": JSON.stringify([model]),
      "vllm-stack:paused": "true",
      "vllm-stack:huggingFaceToken": "hf_abc",
      "aws:region": "us-east-2",
    });
    assert.deepEqual(settings, { models: [model], paused: true, huggingFaceToken: "hf_abc" });
  });
});
