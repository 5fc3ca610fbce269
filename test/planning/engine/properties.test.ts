import assert from "node:assert/strict";
import fc from "fast-check";
import { checkArguments, VLLM_VERSIONS } from "../../../catalog/vllm.ts";
import type { EnvironmentInput } from "../../../environments/schema/environment.ts";
import { flagVersionOf } from "../../../planning/images.ts";
import { coresOf, gibOf } from "../../../planning/quantities.ts";
import type { EnginePlan } from "../../../planning/types.ts";
import { clusterOf, environmentOf, H100, planFirst, variable, type ModelInput } from "../support/environments.ts";

const TOKEN = "hf_never_in_a_plan";

const cache: fc.Arbitrary<NonNullable<ModelInput["cache"]>> = fc.oneof(
  fc.constant({ kind: "none" as const }),
  fc.record({
    kind: fc.constant("lmcache" as const),
    cpu: fc.record({ sizeGiBPerGpu: fc.integer({ min: 1, max: 100 }) }),
    disk: fc.record({ sizeGiBPerGpu: fc.integer({ min: 1, max: 500 }) }),
    server: fc.record({ sizeGiB: fc.integer({ min: 1, max: 500 }) }),
  }),
);

const weights: fc.Arbitrary<NonNullable<ModelInput["weights"]>> = fc.oneof(
  fc.constant({ kind: "ephemeral" as const }),
  fc.record({
    kind: fc.constant("claim" as const),
    name: fc.constant("weights"),
    accessMode: fc.constantFrom("ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany"),
  }),
);

const model: fc.Arbitrary<ModelInput> = fc.record(
  {
    name: fc.constant("m"),
    model: fc.constantFrom(
      "Qwen/Qwen3-0.6B",
      "Qwen/Qwen3-8B",
      "meta-llama/Llama-3.3-70B-Instruct",
      "openai/gpt-oss-20b",
    ),
    runtime: fc.constantFrom("cuda", "cpu", "simulator"),
    replicas: fc.integer({ min: 0, max: 3 }),
    tensorParallel: fc.constantFrom(1, 2, 4, 8),
    pipelineParallel: fc.constantFrom(1, 2),
    maxModelLength: fc.integer({ min: 1024, max: 40_000 }),
    dtype: fc.constantFrom("auto", "bfloat16", "float16"),
    kvCacheDtype: fc.constantFrom("auto", "fp8"),
    gpuMemoryUtilization: fc.constantFrom(0.5, 0.92, 0.95),
    maxSequences: fc.integer({ min: 1, max: 2048 }),
    maxBatchedTokens: fc.integer({ min: 1024, max: 16_384 }),
    prefixCaching: fc.boolean(),
    chunkedPrefill: fc.boolean(),
    eager: fc.boolean(),
    drainSeconds: fc.integer({ min: 0, max: 3600 }),
    startSeconds: fc.integer({ min: 1, max: 7200 }),
    spareGpus: fc.boolean(),
    extraArgs: fc.constantFrom([], ["--seed", "1"], ["--kv-offloading-size", "10"]),
    env: fc.constantFrom({}, { VLLM_LOGGING_LEVEL: "DEBUG" }, { VLLM_MAX_N_SEQUENCES: "8" }),
    resources: fc.constantFrom({}, { cpu: "8" }, { memory: "128Gi" }),
    weights,
    cache,
  },
  { requiredKeys: ["name", "model"] },
);

/** Environments the schema accepts, sensible or not. */
const environment = fc.record({ model, paused: fc.boolean() }).map((input) => {
  const settings: Partial<EnvironmentInput> = {
    cluster: clusterOf([H100]),
    models: [input.model],
    paused: input.paused,
    huggingFaceToken: TOKEN,
  };
  return { input, environment: environmentOf(settings) };
});

/** Checks something of every engine that is planned, whether or not something else is wrong with it. */
function always(check: (engine: EnginePlan, input: ModelInput, problems: number) => void): void {
  fc.assert(
    fc.property(environment, (made) => {
      const { engine, problems } = planFirst(made.environment);
      if (engine !== null) check(engine, made.input.model, problems.length);
    }),
    { numRuns: 300 },
  );
}

describe("every engine that is planned", () => {
  it("gets the time to leave routing, finish its requests and exit", () => {
    always(({ workload: { pod } }, { drainSeconds = 120 }) => {
      assert.ok(pod.terminationGracePeriodSeconds >= pod.preStopSeconds + drainSeconds + 15);
    });
  });

  it("has one budget for its start, in probe, timeout and deadlines, and it is enough for what is predicted", () => {
    always((engine, { startSeconds }) => {
      const { pod, rollout, timeoutSeconds } = engine.workload;
      const { startup } = pod.probes;
      assert.ok(startup);
      const budget = startup.periodSeconds * startup.failureThreshold;
      if (startSeconds === undefined) assert.ok(budget >= (engine.start?.seconds ?? 0));
      if (engine.start !== null) assert.ok(budget >= engine.start.budgetSeconds);
      const ready = variable(engine, "VLLM_ENGINE_READY_TIMEOUT_S");
      if (engine.runtime !== "simulator")
        assert.ok(Number(ready) <= budget && budget < Number(ready) + startup.periodSeconds);
      assert.ok(rollout.progressDeadlineSeconds > budget);
      assert.ok(timeoutSeconds >= rollout.progressDeadlineSeconds);
    });
  });

  it("requests no more than its limits, and memory exactly", () => {
    always(({ workload: { pod } }) => {
      const { requests, limits } = pod.resources;
      for (const [resource, quantity] of Object.entries(requests)) {
        const limit = limits[resource];
        if (limit === undefined) continue;
        const read = resource === "cpu" ? coresOf : gibOf;
        assert.ok(read(quantity) <= read(limit), `${resource}: ${quantity} of ${limit}`);
      }
      assert.equal(requests.memory, limits.memory);
      assert.equal(limits.cpu, undefined);
    });
  });

  it("has room in its memory for /dev/shm, LMCache and offloaded blocks", () => {
    always(({ workload: { pod }, cache: planned, gpusPerReplica }, { extraArgs = [], runtime = "cuda" }) => {
      const shm = pod.mounts.find(({ path }) => path === "/dev/shm");
      const shmGiB = shm?.source.kind === "memory" ? gibOf(shm.source.sizeLimit) : 0;
      assert.equal(shmGiB > 0, runtime !== "simulator");
      const cacheGiB = (planned?.cpuGiBPerGpu ?? 0) * gpusPerReplica;
      const offloaded = runtime !== "simulator" && extraArgs.includes("--kv-offloading-size") ? 10 : 0;
      assert.ok(gibOf(pod.resources.limits.memory ?? "0Gi") > shmGiB + cacheGiB + offloaded);
    });
  });

  it("asks for exactly the GPUs its command uses", () => {
    always((engine, { tensorParallel = 1, pipelineParallel = 1, runtime = "cuda" }) => {
      const asked = Number(engine.workload.pod.resources.limits["nvidia.com/gpu"] ?? 0);
      assert.equal(asked, runtime === "cpu" ? 0 : tensorParallel * pipelineParallel);
      assert.equal(asked, engine.gpusPerReplica);
    });
  });

  it("starts with a command its version of vLLM takes, unless a problem says otherwise", () => {
    always(({ runtime, workload: { pod } }, _, problems) => {
      if (runtime === "simulator" || problems > 0) return;
      const [program, subcommand, , ...words] = pod.command ?? [];
      assert.deepEqual([program, subcommand, pod.args], ["vllm", "serve", null]);
      const refused = checkArguments(flagVersionOf(pod.image), words).filter(({ severity }) => severity === "error");
      assert.deepEqual(refused, []);
    });
  });

  it("names each variable, volume and mount path once, and never a secret's value", () => {
    always((engine) => {
      const { env, mounts } = engine.workload.pod;
      for (const names of [
        env.map(({ name }) => name),
        mounts.map(({ name }) => name),
        mounts.map(({ path }) => path),
      ]) {
        assert.deepEqual([...new Set(names)], names);
      }
      const text = JSON.stringify(engine);
      assert.ok(!text.includes(TOKEN) && !text.includes("[secret]"));
    });
  });

  it("can be replaced: a rollout may add an engine or remove one, never neither", () => {
    always(({ workload: { rollout } }) => {
      assert.equal(rollout.maxSurge + rollout.maxUnavailable, 1);
    });
  });

  it("is the same whenever it is planned, and survives being written as JSON", () => {
    fc.assert(
      fc.property(environment, (made) => {
        const first = planFirst(made.environment);
        assert.deepEqual(planFirst(made.environment), first);
        assert.deepEqual(JSON.parse(JSON.stringify(first)), first);
      }),
      { numRuns: 100 },
    );
  });
});

describe("the arguments that follow from settings", () => {
  for (const version of VLLM_VERSIONS) {
    it(`are all known to vLLM ${version}`, () => {
      always(({ runtime, workload: { pod } }, { extraArgs = [] }, problems) => {
        if (runtime !== "cuda" || problems > 0) return;
        const words = (pod.command ?? []).slice(3, (pod.command?.length ?? 0) - extraArgs.length);
        const unknown = checkArguments(version, words).filter(({ rule }) => /not a flag|removed/.test(rule));
        assert.deepEqual(unknown, []);
      });
    });
  }
});
