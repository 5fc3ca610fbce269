import assert from "node:assert/strict";
import fc from "fast-check";
import type { Environment } from "../../environments/schema/environment.ts";
import { EnvironmentError, formatProblem } from "../../environments/schema/problems.ts";
import { plan } from "../../planning/plan.ts";
import { clusterOf, environmentOf, H100, SMALL } from "./support/environments.ts";

const CACHE = { kind: "lmcache", cpu: { sizeGiBPerGpu: 20 }, server: { sizeGiB: 64 } } as const;

/** Two models on H100, a cache, a router per model, everything that is on by default. */
const FULL = environmentOf({
  models: [
    { ...SMALL, replicas: 2 },
    { name: "large", model: "meta-llama/Llama-3.3-70B-Instruct", tensorParallel: 4, maxModelLength: 32768 },
  ],
  cache: CACHE,
  huggingFaceToken: "hf_secret",
  apiKeys: { default: "sk-secret" },
  grafanaPassword: "grafana-secret",
});

function problemsOf(name: string, environment: Environment): string[] {
  try {
    plan(name, environment);
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.problems.map(formatProblem);
  }
  return [];
}

describe("the plan of a stack", () => {
  it("has an engine and a router for each model, in the environment's order", () => {
    const { engines, routers, front } = plan("test", FULL);
    assert.deepEqual(
      engines.map(({ model }) => model),
      ["small", "large"],
    );
    assert.deepEqual(
      routers.map(({ model }) => model),
      ["small", "large"],
    );
    assert.deepEqual(
      front.routes.map(({ servedName, model }) => [servedName, model]),
      [
        ["Qwen/Qwen3-8B", "small"],
        ["meta-llama/Llama-3.3-70B-Instruct", "large"],
      ],
    );
  });

  it("hands each part's address to the next", () => {
    const { routers, front, engines, cacheServer } = plan("test", FULL);
    assert.deepEqual(
      front.routes.map(({ address }) => address),
      routers.map(({ address }) => address),
    );
    const port = cacheServer?.service?.ports[0]?.port ?? 0;
    assert.equal(engines[0]?.cache?.server, `cache.vllm-test.svc.cluster.local:${port}`);
  });

  it("is plain data: written as JSON and read back it is the same", () => {
    const made = plan("test", FULL);
    assert.deepStrictEqual(JSON.parse(JSON.stringify(made)), made);
  });

  it("is the same whenever it is made", () => {
    assert.deepEqual(plan("test", FULL), plan("test", structuredClone(FULL)));
  });

  it("holds names of secrets, never values, nor what stands for them", () => {
    const text = JSON.stringify(plan("test", FULL));
    for (const secret of ["hf_secret", "sk-secret", "grafana-secret", "[secret]"])
      assert.ok(!text.includes(secret), secret);
  });

  it("gives every object of the stack its own name", () => {
    const { engines, routers, front, cacheServer, observability } = plan("test", FULL);
    const workloads = [
      ...engines.map(({ workload }) => workload),
      ...routers.map(({ workload }) => workload),
      front.workload,
      cacheServer,
      observability?.prometheus,
      observability?.grafana,
    ].flatMap((workload) => (workload === null || workload === undefined ? [] : [workload.name]));
    assert.equal(workloads.length, 8);
    assert.deepEqual([...new Set(workloads)], workloads);
  });

  it("identifies the cluster by its context, which outlives a renewed kubeconfig", () => {
    assert.equal(plan("test", FULL).cluster.identity, "existing/test");
    const secret = environmentOf({
      cluster: { ...clusterOf([H100]), context: undefined, kubeconfig: "apiVersion: v1" },
    });
    const { cluster, warnings } = plan("prod", secret);
    assert.deepEqual([cluster.identity, cluster.context, cluster.kubeconfigFromSecret], ["existing/prod", null, true]);
    assert.deepEqual(warnings, []);
  });

  it("says of a claim where it must be, what comes first and what destroy takes", () => {
    const weights = { kind: "claim", name: "w", accessMode: "ReadOnlyMany" } as const;
    const { warnings } = plan("test", environmentOf({ models: [{ ...SMALL, weights }] }));
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["models[0].weights"],
    );
    assert.match(warnings[0]?.text ?? "", /Claim w must be in namespace vllm-test.*paused: true.*Retain/);
  });

  it("warns if only the current context decides which cluster is changed", () => {
    const { warnings } = plan("test", environmentOf({ cluster: { ...clusterOf([H100]), context: undefined } }));
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["cluster.context"],
    );
  });
});

describe("an environment that can't be built", () => {
  it("is refused once, with all problems of all planners, and a model that doesn't fit is one of them", () => {
    const lines = problemsOf(
      "test",
      environmentOf({
        cluster: clusterOf([{ ...H100, pricePerNodeHour: 30 }]),
        models: [
          { name: "a", model: "Qwen/Qwen3-32B", maxModelLength: 40960 },
          { name: "b", model: "Qwen/Qwen3-8B", tensorParallel: 3, image: "vllm/vllm-openai:latest" },
        ],
        router: { routing: { policy: "prefixAware", cacheThreshold: 0.5 } },
        budget: { maxPerHour: 10 },
      }),
    );
    const expected = [
      /^models\[0\]\.model: Qwen\/Qwen3-32B – does not fit/,
      /^models\[1\]\.tensorParallel: 3/,
      /^models\[1\]\.image: vllm\/vllm-openai:latest/,
      /^router\.routing\.cacheThreshold/,
      /^budget\.maxPerHour: 10/,
    ];
    for (const says of expected)
      assert.equal(lines.filter((line) => says.test(line)).length, 1, `${String(says)}\n${lines.join("\n")}`);
    assert.equal(lines.length, expected.length, lines.join("\n"));
  });

  it("is refused if two models have one name, or clients could not tell them apart", () => {
    const lines = problemsOf("test", environmentOf({ models: [SMALL, SMALL] }));
    assert.deepEqual(lines, [
      "models[1].name: small – is that of models[0] too, and their objects would be the same. Give each model its own name.",
      "models[1].servedName: Qwen/Qwen3-8B – is that of models[0] too, and requests could not tell them apart. Give one of them another servedName; for more engines of one model raise its replicas.",
    ]);
  });

  it("is refused if a value is given for a key that doesn't exist: another would be in force", () => {
    assert.deepEqual(problemsOf("test", environmentOf({ apiKeys: { defualt: "sk-secret" } })), [
      "apiKeys.defualt: – is a key that access.keys does not have. Did you mean default?",
    ]);
    assert.match(
      problemsOf("test", environmentOf({ access: { keys: [] }, apiKeys: { alice: "sk-secret" } })).join("\n"),
      /^apiKeys\.alice: .*Add \{ name: alice \} to access\.keys\.$/,
    );
  });

  it("is refused if its name can't be part of a namespace", () => {
    assert.match(
      problemsOf("My_Stack", environmentOf()).join("\n"),
      /^\(name of the environment\): My_Stack – must be/,
    );
  });
});

describe("any environment", () => {
  it("is either planned or refused with problems, never ends in another error", () => {
    const word = fc.constantFrom(
      "a",
      "b",
      "Qwen/Qwen3-8B",
      "/models/x",
      "meta-llama/Llama-3.3-70B-Instruct",
      "no/model",
    );
    const model = fc.record(
      {
        name: fc.constantFrom("a", "b"),
        model: word,
        pool: fc.constantFrom("h100", "l4", "none"),
        runtime: fc.constantFrom("cuda", "cpu", "simulator"),
        tensorParallel: fc.integer({ min: 1, max: 20 }),
        pipelineParallel: fc.integer({ min: 1, max: 20 }),
        maxModelLength: fc.integer({ min: 1, max: 1_000_000 }),
        quantization: fc.string({ minLength: 1 }),
        gpuMemoryUtilization: fc.double({ min: 0.01, max: 1, noNaN: true }),
        revision: fc.constantFrom("main", "0123456789abcdef0123456789abcdef01234567"),
        extraArgs: fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
        env: fc.dictionary(fc.stringMatching(/^[A-Z_]{1,12}$/), fc.string(), { maxKeys: 3 }),
        cache: fc.constantFrom(CACHE, { kind: "none" as const }),
      },
      { requiredKeys: ["name", "model"] },
    );
    fc.assert(
      fc.property(fc.array(model, { minLength: 1, maxLength: 3 }), (models) => {
        const pools = [H100, { name: "l4", accelerator: "l4", gpusPerNode: 1, nodeSelector: { pool: "l4" } }];
        const environment = environmentOf({ cluster: clusterOf(pools), models });
        for (const line of problemsOf("test", environment)) assert.match(line, /^\S+.* – .+\. .+/s);
      }),
      { numRuns: 300 },
    );
  });
});
