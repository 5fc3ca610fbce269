import assert from "node:assert/strict";
import { formatProblem } from "../../environments/schema/problems.ts";
import { gibOf } from "../../planning/quantities.ts";
import {
  argument,
  clusterOf,
  engineOf,
  environmentOf,
  H100,
  planFirst,
  SMALL,
  variable,
  withModel,
} from "./support/environments.ts";

const CLAIM = { kind: "claim", name: "weights" } as const;

describe("the command of an engine", () => {
  it("is vllm serve with the model first and every decision written out", () => {
    assert.deepEqual(engineOf(environmentOf()).workload.pod.command, [
      ...["vllm", "serve", "Qwen/Qwen3-8B"],
      ...["--served-model-name", "Qwen/Qwen3-8B"],
      ...["--port", "8000"],
      ...["--tensor-parallel-size", "1"],
      ...["--max-model-len", "8192"],
      ...["--gpu-memory-utilization", "0.92"],
      ...["--shutdown-timeout", "120"],
      ...["--disable-access-log-for-endpoints", "/health,/metrics"],
    ]);
  });

  it("has everything in command and nothing in args, in a container called vllm: the production-stack router looks there", () => {
    const { pod, labels } = engineOf(withModel({ extraArgs: ["--enable-sleep-mode"] })).workload;
    assert.deepEqual([pod.container, pod.args, pod.command?.at(-1)], ["vllm", null, "--enable-sleep-mode"]);
    assert.equal(labels.model, "small");
  });

  it("leaves a switch to vLLM's default unless it is set, and then says on or off without a value", () => {
    const command = (prefixCaching?: boolean) =>
      engineOf(withModel(prefixCaching === undefined ? {} : { prefixCaching })).workload.pod.command ?? [];
    assert.ok(!command().some((word) => word.includes("prefix-caching")));
    assert.ok(command(true).includes("--enable-prefix-caching"));
    assert.ok(command(false).includes("--no-enable-prefix-caching"));
  });

  it("serves the length the model was made for unless a shorter one is set", () => {
    const engine = engineOf(withModel({ maxModelLength: undefined, model: "Qwen/Qwen3-0.6B" }));
    assert.equal(engine.maxModelLength, 40960);
    assert.equal(argument(engine, "--max-model-len"), "40960");
  });

  it("pins the code of a repository together with its weights", () => {
    const revision = "0123456789abcdef0123456789abcdef01234567";
    const engine = engineOf(withModel({ trustRemoteCode: true, revision }));
    assert.equal(argument(engine, "--revision"), revision);
    assert.equal(argument(engine, "--code-revision"), revision);
  });
});

describe("a simulated engine", () => {
  it("starts llm-d-inference-sim with its own flags and never asks a model hub", () => {
    const engine = engineOf(
      withModel({ runtime: "simulator", simulation: { timeToFirstTokenMs: 20, interTokenLatencyMs: 2.5 } }),
    );
    const { pod } = engine.workload;
    assert.equal(pod.command?.[0], "/app/llm-d-inference-sim");
    assert.ok(pod.command.includes("--force-dummy-tokenizer"));
    assert.equal(argument(engine, "--time-to-first-token"), "20ms");
    assert.equal(argument(engine, "--inter-token-latency"), "2500us");
    assert.equal(argument(engine, "--gpu-memory-utilization"), undefined);
    // The simulated KV cache publishes its events under the pod's address, and answers say which pod gave them.
    assert.deepEqual(
      pod.env.map((variable) => [variable.name, "field" in variable ? variable.field : undefined]),
      [
        ["POD_IP", "status.podIP"],
        ["POD_NAME", "metadata.name"],
        ["POD_NAMESPACE", "metadata.namespace"],
      ],
    );
  });

  it("takes its first token from the prompt where a time per token is set, which needs the fixed time to be 0", () => {
    const engine = engineOf(
      withModel({ runtime: "simulator", simulation: { prefillPerTokenMs: 0.4, prefillOverheadMs: 5 } }),
    );
    assert.equal(argument(engine, "--time-to-first-token"), "0ms");
    assert.equal(argument(engine, "--prefill-overhead"), "5ms");
    assert.equal(argument(engine, "--prefill-time-per-token"), "400us");
  });

  it("takes bodies as large as the front lets through", () => {
    const engine = engineOf(withModel({ runtime: "simulator" }, { access: { maxBodyMiB: 32 } }));
    assert.equal(argument(engine, "--max-request-body-size-mb"), "32");
  });

  it("asks for the GPUs of the engine it stands for, so that the scheduler decides as it would", () => {
    const engine = engineOf(withModel({ runtime: "simulator", tensorParallel: 2 }));
    assert.equal(engine.workload.pod.resources.limits["nvidia.com/gpu"], "2");
    assert.equal(engine.fit?.verdict, "fits");
  });
});

describe("a CPU engine", () => {
  it("keeps its KV cache in memory it was given, and asks for no GPU", () => {
    const engine = engineOf(withModel({ runtime: "cpu", model: "Qwen/Qwen3-0.6B", resources: { memory: "10Gi" } }));
    assert.equal(variable(engine, "VLLM_CPU_KVCACHE_SPACE"), "4");
    assert.equal(engine.workload.pod.resources.limits.memory, "12Gi");
    assert.deepEqual([engine.pool, engine.gpusPerReplica, engine.fit], [null, 0, null]);
    assert.equal(argument(engine, "--gpu-memory-utilization"), undefined);
  });
});

describe("secrets of an engine", () => {
  it("are references: the stack's key always, the hub's token if the environment has one and the engine downloads", () => {
    const secretsOf = (settings: Parameters<typeof environmentOf>[0]) =>
      engineOf(environmentOf(settings)).workload.pod.env.flatMap((entry) =>
        "secret" in entry ? [`${entry.name} ${entry.secret.name}/${entry.secret.key}`] : [],
      );
    assert.deepEqual(secretsOf({}), ["VLLM_API_KEY engine-key/key"]);
    assert.deepEqual(secretsOf({ huggingFaceToken: "hf_x" }), [
      "VLLM_API_KEY engine-key/key",
      "HF_TOKEN hugging-face/token",
    ]);
    const weights = { ...CLAIM, accessMode: "ReadOnlyMany" as const };
    assert.deepEqual(secretsOf({ huggingFaceToken: "hf_x", models: [{ ...SMALL, weights }] }), [
      "VLLM_API_KEY engine-key/key",
    ]);
  });
});

describe("variables of an engine", () => {
  it("may replace defaults of the stack and add others", () => {
    const engine = engineOf(withModel({ env: { VLLM_MAX_N_SEQUENCES: "8", NCCL_DEBUG: "INFO" } }));
    assert.equal(variable(engine, "VLLM_MAX_N_SEQUENCES"), "8");
    assert.equal(variable(engine, "NCCL_DEBUG"), "INFO");
    assert.equal(variable(engine, "VLLM_NO_USAGE_STATS"), "1");
  });

  it("have no hash seed unless engines share blocks", () => {
    assert.equal(variable(engineOf(environmentOf()), "PYTHONHASHSEED"), undefined);
  });
});

describe("what an engine asks of its node", () => {
  it("counts /dev/shm in its memory, more of it for tensor parallelism", () => {
    const one = engineOf(environmentOf()).workload.pod;
    const four = engineOf(withModel({ tensorParallel: 4 })).workload.pod;
    const shm = (pod: typeof one) => {
      const source = pod.mounts.find(({ path }) => path === "/dev/shm")?.source;
      return source?.kind === "memory" ? source.sizeLimit : undefined;
    };
    assert.deepEqual([shm(one), shm(four)], ["2Gi", "8Gi"]);
    const given = engineOf(withModel({ tensorParallel: 4, resources: { memory: "64Gi" } })).workload.pod;
    assert.equal(given.resources.limits.memory, "72Gi");
  });

  it("counts memory that vLLM's own offloading takes", () => {
    const engine = engineOf(withModel({ resources: { memory: "64Gi" }, extraArgs: ["--kv-offloading-size", "20"] }));
    assert.equal(engine.workload.pod.resources.limits.memory, "86Gi");
  });

  it("counts it in every spelling of the flags vLLM takes", () => {
    for (const extraArgs of [["--kv_offloading_size", "20"], ["--kv-offloading-size=20"], ["--cpu_offload_gb=20"]]) {
      const { limits } = engineOf(withModel({ resources: { memory: "64Gi" }, extraArgs })).workload.pod.resources;
      assert.equal(limits.memory, "86Gi", extraArgs.join(" "));
    }
  });

  it("reserves the disk its downloads fill, so that it isn't evicted while it loads", () => {
    const { pod } = engineOf(environmentOf()).workload;
    const weights = pod.mounts.find(({ name }) => name === "weights");
    assert.deepEqual(weights?.source, { kind: "emptyDir", sizeLimit: "21Gi" });
    assert.ok(gibOf(pod.resources.requests["ephemeral-storage"] ?? "0Gi") >= 21);
  });

  it("asks for a core per GPU and two for vLLM itself, without a limit", () => {
    const { resources } = engineOf(withModel({ tensorParallel: 4 })).workload.pod;
    assert.deepEqual([resources.requests.cpu, resources.limits.cpu], ["6000m", undefined]);
  });
});

describe("weights on a volume", () => {
  it("are mounted where the hub's library looks, and downloaded there if it can be written", () => {
    const engine = engineOf(withModel({ weights: { ...CLAIM, accessMode: "ReadWriteMany" } }));
    const mount = engine.workload.pod.mounts.find(({ name }) => name === "weights");
    assert.deepEqual(mount, {
      name: "weights",
      path: "/models",
      readOnly: false,
      source: { kind: "claim", claim: "weights" },
    });
    assert.equal(variable(engine, "HF_HOME"), "/models");
    assert.equal(
      engine.start?.breakdown.some(({ label }) => label.includes("download")),
      true,
    );
  });

  it("that can't be written are read offline, with locks and code elsewhere", () => {
    const engine = engineOf(withModel({ weights: { ...CLAIM, accessMode: "ReadOnlyMany" } }));
    assert.equal(variable(engine, "HF_HUB_OFFLINE"), "1");
    assert.equal(variable(engine, "HF_HUB_CACHE"), "/models/hub");
    assert.equal(variable(engine, "HF_HOME"), "/home/vllm/.cache/huggingface");
  });
});

describe("the start of an engine", () => {
  it("gets three times what is predicted, in the startup probe, vLLM's own timeout and the deadline", () => {
    const engine = engineOf(withModel({ model: "Qwen/Qwen3-32B", tensorParallel: 2 }));
    const { startup } = engine.workload.pod.probes;
    const budget = Math.ceil((3 * (engine.start?.seconds ?? 0)) / 60) * 60;
    assert.ok(budget > 600);
    assert.deepEqual(startup, {
      http: { path: "/health", port: "http" },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: budget / 10,
    });
    assert.equal(variable(engine, "VLLM_ENGINE_READY_TIMEOUT_S"), String(budget));
    assert.equal(engine.start?.budgetSeconds, budget);
  });

  it("gets at least ten minutes, or what the environment says", () => {
    assert.equal(engineOf(withModel({ model: "Qwen/Qwen3-0.6B" })).start?.budgetSeconds, 600);
    assert.equal(engineOf(withModel({ startSeconds: 900 })).start?.budgetSeconds, 900);
  });
});

describe("the end of an engine", () => {
  it("leaves routing, drains as long as the environment says, and exits before it is killed", () => {
    const engine = engineOf(withModel({ drainSeconds: 300 }));
    assert.equal(argument(engine, "--shutdown-timeout"), "300");
    assert.equal(engine.workload.pod.preStopSeconds, 15);
    assert.equal(engine.workload.pod.terminationGracePeriodSeconds, 15 + 300 + 15);
  });
});

describe("a rollout", () => {
  const rollout = (...args: Parameters<typeof withModel>) => {
    const { maxSurge, maxUnavailable } = engineOf(withModel(...args)).workload.rollout;
    return { maxSurge, maxUnavailable };
  };

  it("frees a GPU before it needs one, because pools are full", () => {
    assert.deepEqual(rollout({ replicas: 2 }), { maxSurge: 0, maxUnavailable: 1 });
  });

  it("starts the new engine first where the pool has room or no GPU is needed", () => {
    assert.deepEqual(rollout({ spareGpus: true }), { maxSurge: 1, maxUnavailable: 0 });
    assert.deepEqual(rollout({ runtime: "simulator" }, { cluster: clusterOf([]) }), { maxSurge: 1, maxUnavailable: 0 });
  });

  it("frees a volume of one node first", () => {
    const weights = { ...CLAIM, accessMode: "ReadWriteOnce" as const };
    const cpu = { runtime: "cpu" as const, model: "Qwen/Qwen3-0.6B", weights };
    assert.deepEqual(rollout(cpu), { maxSurge: 0, maxUnavailable: 1 });
  });
});

describe("a paused stack", () => {
  it("has no engines and keeps everything else", () => {
    const environment = withModel({ replicas: 3 }, { paused: true });
    const engine = engineOf(environment);
    assert.equal(engine.workload.replicas, 0);
    assert.deepEqual(engine.workload.pod, engineOf(withModel({ replicas: 3 })).workload.pod);
  });
});

describe("a model that can't run on its pool", () => {
  const problems = (...args: Parameters<typeof withModel>) => planFirst(withModel(...args)).problems.map(formatProblem);

  it("is refused if it doesn't fit, naming the shortfall and the cheapest change", () => {
    const [line, ...rest] = problems({ model: "Qwen/Qwen3-32B", maxModelLength: 40960 });
    assert.match(
      line ?? "",
      /^models\[0\]\.model: Qwen\/Qwen3-32B – does not fit: .* lacks \d+\.\d GiB per GPU\. The cheapest change: max length \d+\.$/,
    );
    assert.deepEqual(rest, []);
  });

  it("is refused if tensor parallelism doesn't divide its heads, naming what does", () => {
    assert.match(
      problems({ tensorParallel: 3 }).join("\n"),
      /^models\[0\]\.tensorParallel: 3 – .*32 attention heads.*Use 1, 2, 4, 8/,
    );
  });

  it("is refused beyond the length it was made for", () => {
    assert.match(problems({ maxModelLength: 50_000 }).join("\n"), /^models\[0\]\.maxModelLength: 50000 – .*40,960/);
  });

  it("is refused in a format the GPU lacks", () => {
    const l4 = clusterOf([{ ...H100, accelerator: "l4" }]);
    assert.match(
      problems({ model: "Qwen/Qwen3-0.6B", quantization: "nvfp4_per_token" }, { cluster: l4 }).join("\n"),
      /^models\[0\]\.quantization: nvfp4_per_token – .*Blackwell/,
    );
  });

  it("is refused if nobody knows its shape, until the environment describes it", () => {
    const unknown = { model: "own/model-7b" };
    assert.match(
      problems(unknown).join("\n"),
      /not in the catalog.*describe its config\.json in models\[0\]\.architecture/i,
    );
    const architecture = {
      layers: 32,
      hiddenSize: 4096,
      attentionHeads: 32,
      kvHeads: 8,
      headDimension: 128,
      vocabularySize: 128256,
      maxLength: 8192,
      weightsGiB: 15,
    };
    assert.deepEqual(problems({ ...unknown, architecture }), []);
    assert.match(
      problems({ ...unknown, architecture: { ...architecture, weightsGiB: 80 } }).join("\n"),
      /does not fit/,
    );
  });

  it("is said to fit tightly where few requests fit at once", () => {
    const { problems: none, warnings } = planFirst(
      withModel({ maxModelLength: 16384 }, { cluster: clusterOf([{ ...H100, accelerator: "l4" }]) }),
    );
    assert.deepEqual(none, []);
    assert.match(
      warnings[0]?.text ?? "",
      /Qwen\/Qwen3-8B fits tightly: 1\.\d requests of 16384 tokens at once per engine\. More room: /,
    );
  });
});
