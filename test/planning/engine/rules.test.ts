import assert from "node:assert/strict";
import type { EnvironmentInput } from "../../../environments/schema/environment.ts";
import { formatProblem } from "../../../environments/schema/problems.ts";
import { ENGINE_RULES } from "../../../planning/engine/rules.ts";
import { clusterOf, H100, planFirst, withModel, type ModelInput } from "../support/environments.ts";

/** A mistake, what must be said about it, and the nearest thing that is right. */
interface Case {
  readonly rule: string;
  readonly title: string;
  readonly wrong: Partial<ModelInput>;
  readonly right: Partial<ModelInput>;
  /** Path of the problem or warning. */
  readonly path: string;
  readonly says: RegExp;
  readonly kind?: "problem" | "warning";
  readonly settings?: Partial<EnvironmentInput>;
}

const CACHE = { kind: "lmcache", cpu: { sizeGiBPerGpu: 20 } } as const;
const CLAIM = { kind: "claim", name: "weights", accessMode: "ReadWriteOnce" } as const;
const OWN_IMAGE = `registry.example.com/vllm:v0.33.0@sha256:${"0".repeat(64)}`;
const CPU = { runtime: "cpu", model: "Qwen/Qwen3-0.6B" } as const;
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

const extra = (...extraArgs: string[]): Partial<ModelInput> => ({ extraArgs });

const CASES: readonly Case[] = [
  {
    rule: "gated",
    title: "a gated model without a token",
    wrong: { model: "meta-llama/Llama-3.1-8B-Instruct" },
    right: { model: "meta-llama/Llama-3.1-8B-Instruct", gated: false },
    path: "models[0].model",
    says: /gated.*huggingFaceToken/,
  },
  {
    rule: "remote-code",
    title: "the repository's code at a branch, which can move",
    wrong: { trustRemoteCode: true, revision: "main" },
    right: { trustRemoteCode: true, revision: COMMIT },
    path: "models[0].revision",
    says: /must be a commit.*40 hexadecimal/,
  },
  {
    rule: "model-path",
    title: "a path that no volume brings",
    wrong: { model: "/models/own", architecture: own() },
    right: { model: "/models/own", architecture: own(), weights: CLAIM },
    path: "models[0].model",
    says: /is a path, and no volume brings it/,
  },
  {
    rule: "model-path",
    title: "a path outside the claim's mount",
    wrong: { model: "/data/own", architecture: own(), weights: CLAIM },
    right: { model: "/models/own", architecture: own(), weights: CLAIM },
    path: "models[0].model",
    says: /outside \/models/,
  },
  {
    rule: "model-path",
    title: "object storage without the loader that reads it",
    wrong: { model: "s3://bucket/own", architecture: own() },
    right: { model: "s3://bucket/own", architecture: own(), extraArgs: ["--load-format", "runai_streamer"] },
    path: "models[0].model",
    says: /runai_streamer/,
  },
  {
    rule: "files",
    title: "a chat template that no volume brings",
    wrong: extra("--chat-template", "/templates/own.jinja"),
    right: extra("--chat-template", "/vllm-workspace/examples/tool_chat_template_hermes.jinja"),
    path: "models[0].extraArgs[0]",
    says: /--chat-template \/templates\/own\.jinja – is a path, and no volume brings it\. Set weights/,
  },
  {
    rule: "files",
    title: "a plugin outside the claim's mount",
    wrong: { weights: CLAIM, ...extra("--tool-parser-plugin=/plugins/own.py") },
    right: { weights: CLAIM, ...extra("--tool-parser-plugin=/models/own.py") },
    path: "models[0].extraArgs[0]",
    says: /outside \/models, where the claim weights is mounted/,
  },
  {
    rule: "files",
    title: "a reasoning parser without the image that holds it",
    wrong: extra("--reasoning-parser-plugin", "/plugins/own.py"),
    right: { image: OWN_IMAGE, ...extra("--reasoning-parser-plugin", "/plugins/own.py") },
    path: "models[0].extraArgs[0]",
    says: /or image to one that does/,
  },
  {
    rule: "files",
    title: "an adapter that no volume brings",
    wrong: extra("--enable-lora", "--lora-modules", '{"name": "sql", "path": "/models/sql"}'),
    right: extra("--enable-lora", "--lora-modules", '{"name": "sql", "path": "someone/sql"}'),
    path: "models[0].extraArgs[1]",
    says: /--lora-modules \/models\/sql – is a path/,
  },
  {
    rule: "start",
    title: "less time to start than the download alone takes",
    wrong: { startSeconds: 30 },
    right: { startSeconds: 900 },
    path: "models[0].startSeconds",
    says: /restarted again and again/,
    kind: "warning",
  },
  {
    rule: "volume",
    title: "a volume smaller than the download",
    wrong: { weights: { kind: "ephemeral", size: "10Gi" } },
    right: { weights: { kind: "ephemeral", size: "21Gi" } },
    path: "models[0].weights.size",
    says: /less than the 15\.3 GiB of Qwen\/Qwen3-8B.*Use at least 21Gi/,
  },
  {
    rule: "memory",
    title: "less memory than vLLM's processes need",
    wrong: { tensorParallel: 4, resources: { memory: "8Gi" } },
    right: { tensorParallel: 4, resources: { memory: "12Gi" } },
    path: "models[0].resources.memory",
    says: /estimated to need 12 GiB/,
    kind: "warning",
  },
  {
    rule: "interconnect",
    title: "tensor parallelism through PCIe",
    wrong: { tensorParallel: 2 },
    right: { pipelineParallel: 2 },
    settings: { cluster: clusterOf([{ ...H100, accelerator: "l40s" }]) },
    path: "models[0].tensorParallel",
    says: /NVIDIA L40S has no NVLink/,
    kind: "warning",
  },
  {
    rule: "claim",
    title: "a volume of one node for two replicas",
    wrong: { weights: CLAIM, replicas: 2 },
    right: { weights: CLAIM, replicas: 1 },
    path: "models[0].weights.accessMode",
    says: /serves one node, and 2 replicas/,
  },
  {
    rule: "claim",
    title: "a second engine during a rollout on a volume of one node",
    wrong: { weights: CLAIM, spareGpus: true },
    right: { weights: { ...CLAIM, accessMode: "ReadWriteMany" }, spareGpus: true },
    path: "models[0].spareGpus",
    says: /ReadWriteOnce/,
  },
  {
    rule: "cpu",
    title: "tensor parallelism without GPUs",
    wrong: { ...CPU, tensorParallel: 2 },
    right: CPU,
    path: "models[0].tensorParallel",
    says: /CPU engines have none/,
  },
  {
    rule: "cpu",
    title: "memory that leaves nothing for the KV cache",
    wrong: { ...CPU, resources: { memory: "4Gi" } },
    right: { ...CPU, resources: { memory: "8Gi" } },
    path: "models[0].resources.memory",
    says: /no GiB for the KV cache.*Use at least 8Gi/,
  },
  {
    rule: "connector",
    title: "a second KV connector beside the cache",
    wrong: {
      cache: CACHE,
      extraArgs: ["--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'],
    },
    right: { extraArgs: ["--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'] },
    path: "models[0].extraArgs[0]",
    says: /cache settings/,
  },
  {
    rule: "connector",
    title: "vLLM's own offloading beside LMCache",
    wrong: { cache: CACHE, ...extra("--kv-offloading-size", "20") },
    right: extra("--kv-offloading-size", "20"),
    path: "models[0].extraArgs[0]",
    says: /an engine has one/,
  },
  {
    rule: "command",
    title: "an unknown flag, with the one that was meant",
    wrong: extra("--max-logprob", "5"),
    right: extra("--max-logprobs", "5"),
    path: "models[0].extraArgs[0]",
    says: /--max-logprobs/,
    kind: "warning",
  },
  {
    rule: "command",
    title: "a flag that is no flag",
    wrong: extra("--max-logbrops", "5"),
    right: extra("--max-logprobs", "5"),
    path: "models[0].extraArgs[0]",
    says: /not a flag.*Did you mean "--max-logprobs"/,
  },
  {
    rule: "command",
    title: "a removed flag, with its replacement",
    wrong: extra("--rope-scaling", "{}"),
    right: extra("--hf-overrides", "{}"),
    path: "models[0].extraArgs[0]",
    says: /was removed.*--hf-overrides/,
  },
  {
    rule: "command",
    title: "a switch with a value",
    wrong: extra("--enable-sleep-mode=true"),
    right: extra("--enable-sleep-mode"),
    path: "models[0].extraArgs[0]",
    says: /switch and takes no value/,
  },
  {
    rule: "command",
    title: "--config=FILE, which vLLM ignores",
    wrong: extra("--config=/etc/vllm.yaml"),
    right: extra("--config", "/etc/vllm.yaml"),
    path: "models[0].extraArgs[0]",
    says: /parsed and ignored/,
  },
  {
    rule: "command",
    title: "automatic tool choice without its parser",
    wrong: extra("--enable-auto-tool-choice"),
    right: extra("--enable-auto-tool-choice", "--tool-call-parser", "hermes"),
    path: "models[0].extraArgs[0]",
    says: /--tool-call-parser/,
  },
  {
    rule: "command",
    title: "logged outputs without logged requests",
    wrong: extra("--enable-log-outputs"),
    right: extra("--enable-log-outputs", "--enable-log-requests"),
    path: "models[0].extraArgs[0]",
    says: /--enable-log-requests/,
  },
  {
    rule: "command",
    title: "adapters without LoRA",
    wrong: extra("--lora-modules", "a=someone/a"),
    right: extra("--enable-lora", "--lora-modules", "a=someone/a"),
    path: "models[0].extraArgs[0]",
    says: /--enable-lora/,
  },
  {
    rule: "command",
    title: "a connector without a role",
    wrong: extra("--kv-transfer-config", '{"kv_connector":"NixlConnector"}'),
    right: extra("--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'),
    path: "models[0].extraArgs[0]",
    says: /kv_role/,
  },
  {
    rule: "command",
    title: "fewer batched tokens than sequences",
    wrong: { maxBatchedTokens: 512, maxSequences: 1024 },
    right: { maxBatchedTokens: 1024, maxSequences: 512 },
    path: "models[0].maxBatchedTokens",
    says: /below --max-num-seqs 1024/,
  },
  {
    rule: "command",
    title: "a flag that opens the engine",
    wrong: extra("--enable-prompt-embeds"),
    right: extra(),
    path: "models[0].extraArgs[0]",
    says: /takes tensors from callers/,
    kind: "warning",
  },
  {
    rule: "owned-flags",
    title: "a flag that repeats a setting, also by its short name",
    wrong: extra("-tp", "2"),
    right: { tensorParallel: 2 },
    path: "models[0].extraArgs[0]",
    says: /Use models\[0\]\.tensorParallel/,
  },
  {
    rule: "owned-flags",
    title: "a switch that contradicts a setting, by its off form",
    wrong: extra("--no-enable-prefix-caching"),
    right: { prefixCaching: false },
    path: "models[0].extraArgs[0]",
    says: /Use models\[0\]\.prefixCaching: false/,
  },
  {
    rule: "fixed-flags",
    title: "another port than routers and probes expect",
    wrong: extra("--port", "9000"),
    right: extra(),
    path: "models[0].extraArgs[0]",
    says: /can't be changed/,
  },
  {
    rule: "fixed-flags",
    title: "data parallelism, which needs more GPUs than the pod has",
    wrong: extra("--data-parallel-size", "2"),
    right: { replicas: 2 },
    path: "models[0].extraArgs[0]",
    says: /use replicas/,
  },
  {
    rule: "fixed-flags",
    title: "a rank among engines, also by its short name",
    wrong: extra("-dpr", "1"),
    right: { replicas: 2 },
    path: "models[0].extraArgs[0]",
    says: /-dpr – can't be changed.*use replicas/,
  },
  {
    rule: "fixed-flags",
    title: "a KV cache of a stated size, which the fit does not count with",
    wrong: extra("--kv-cache-memory-bytes", "10G"),
    right: { gpuMemoryUtilization: 0.8 },
    path: "models[0].extraArgs[0]",
    says: /use gpuMemoryUtilization/,
  },
  {
    rule: "draft-model",
    title: "a draft model beside the one that was counted",
    wrong: extra("--speculative-config", '{"model": "Qwen/Qwen3-0.6B", "num_speculative_tokens": 3}'),
    right: extra("--speculative-config", '{"method": "ngram", "num_speculative_tokens": 3}'),
    path: "models[0].extraArgs[0]",
    says: /does not count the draft model Qwen\/Qwen3-0\.6B/,
    kind: "warning",
  },
  {
    rule: "draft-model",
    title: "a draft model in the dotted form",
    wrong: extra("--speculative-config.model=Qwen/Qwen3-0.6B", "--speculative-config.num_speculative_tokens=3"),
    right: extra("--speculative-config.model=ngram", "--speculative-config.num_speculative_tokens=3"),
    path: "models[0].extraArgs[0]",
    says: /does not count the draft model Qwen\/Qwen3-0\.6B/,
    kind: "warning",
  },
  {
    rule: "draft-model",
    title: "a draft model in a flag of its own",
    wrong: extra("--spec-model", "Qwen/Qwen3-0.6B", "--spec-tokens", "3"),
    right: extra("--spec-method", "ngram", "--spec-tokens", "3"),
    path: "models[0].extraArgs[0]",
    says: /does not count the draft model Qwen\/Qwen3-0\.6B/,
    kind: "warning",
  },
  {
    rule: "weights-offload",
    title: "weights in host memory, which the fit does not count",
    wrong: extra("--cpu-offload-gb", "4"),
    right: extra("--cpu-offload-gb", "0"),
    path: "models[0].extraArgs[0]",
    says: /does not count --cpu-offload-gb 4/,
    kind: "warning",
  },
  {
    rule: "flags-once",
    title: "a flag given twice",
    wrong: extra("--seed", "1", "--seed", "2"),
    right: extra("--seed", "1"),
    path: "models[0].extraArgs",
    says: /twice/,
  },
  {
    rule: "config-file",
    title: "flags in a file nobody checks",
    wrong: extra("--config", "/etc/vllm.yaml"),
    right: extra(),
    path: "models[0].extraArgs[0]",
    says: /nothing in it is checked/,
    kind: "warning",
  },
  {
    rule: "tool-parser",
    title: "a tool parser without automatic choice",
    wrong: extra("--tool-call-parser", "hermes"),
    right: extra("--tool-call-parser", "hermes", "--enable-auto-tool-choice"),
    path: "models[0].extraArgs[0]",
    says: /only requests that force a tool/,
    kind: "warning",
  },
  {
    rule: "lora",
    title: "a LoRA rank without kernels",
    wrong: extra("--enable-lora", "--max-lora-rank", "48"),
    right: extra("--enable-lora", "--max-lora-rank", "64"),
    path: "models[0].extraArgs[1]",
    says: /48 – is no rank.*64/,
  },
  {
    rule: "lora",
    title: "LoRA limits without LoRA",
    wrong: extra("--max-loras", "4"),
    right: extra("--enable-lora", "--max-loras", "4"),
    path: "models[0].extraArgs[0]",
    says: /does nothing without --enable-lora/,
  },
  {
    rule: "batch",
    title: "more sequences than the tokens vLLM batches by default on this GPU",
    wrong: { maxSequences: 9000 },
    right: { maxSequences: 9000, maxBatchedTokens: 9000 },
    path: "models[0].maxSequences",
    says: /9000 – is more than the 8192 tokens.*Set maxBatchedTokens to at least 9000/,
  },
  {
    rule: "batch",
    title: "prompts that don't fit into one step without chunked prefill",
    wrong: { chunkedPrefill: false, maxBatchedTokens: 4096 },
    right: { chunkedPrefill: true, maxBatchedTokens: 4096 },
    path: "models[0].maxBatchedTokens",
    says: /less than maxModelLength 8192/,
  },
  {
    rule: "executor",
    title: "Ray, which vLLM's images lack",
    wrong: extra("--distributed-executor-backend", "ray"),
    right: extra("--distributed-executor-backend", "mp"),
    path: "models[0].extraArgs",
    says: /not in vLLM's images/,
  },
  {
    rule: "no-secrets",
    title: "a token as a plain value, which it does not repeat",
    wrong: { env: { HF_TOKEN: "hf_do_not_print" } },
    right: { env: { HF_HUB_ENABLE_HF_TRANSFER: "1" } },
    path: "models[0].env.HF_TOKEN",
    says: /^(?!.*hf_do_not_print).*pulumi config set --secret vllm-stack:huggingFaceToken/,
  },
  {
    rule: "no-secrets",
    title: "a cloud's secret key",
    wrong: { env: { AWS_SECRET_ACCESS_KEY: "x" } },
    right: { env: { AWS_REGION: "us-east-2" } },
    path: "models[0].env.AWS_SECRET_ACCESS_KEY",
    says: /identity/,
  },
  {
    rule: "no-secrets",
    title: "a URL with a password in it, which it does not repeat",
    wrong: { env: { DATABASE_URL: "postgres://user:hunter2@db/x" } },
    right: { env: { DATABASE_URL: "postgres://db/x" } },
    path: "models[0].env.DATABASE_URL",
    says: /^(?!.*hunter2).*looks like a secret/,
  },
  {
    rule: "owned-variables",
    title: "a time the probes depend on",
    wrong: { env: { VLLM_ENGINE_READY_TIMEOUT_S: "60" } },
    right: { startSeconds: 60 },
    path: "models[0].env.VLLM_ENGINE_READY_TIMEOUT_S",
    says: /use startSeconds/,
  },
  {
    rule: "owned-variables",
    title: "GPUs other than those the pod was given",
    wrong: { env: { CUDA_VISIBLE_DEVICES: "0" } },
    right: { env: { CUDA_DEVICE_ORDER: "PCI_BUS_ID" } },
    path: "models[0].env.CUDA_VISIBLE_DEVICES",
    says: /the device plugin assigns the GPUs/,
  },
  {
    rule: "owned-variables",
    title: "all of the node's GPUs, past the scheduler",
    wrong: { env: { NVIDIA_VISIBLE_DEVICES: "all" } },
    right: { env: { NVIDIA_DRIVER_CAPABILITIES: "compute,utility" } },
    path: "models[0].env.NVIDIA_VISIBLE_DEVICES",
    says: /the device plugin assigns the GPUs/,
  },
  {
    rule: "owned-variables",
    title: "another hash seed than the cache's",
    wrong: { cache: CACHE, env: { PYTHONHASHSEED: "7" } },
    right: { env: { PYTHONHASHSEED: "7" } },
    path: "models[0].env.PYTHONHASHSEED",
    says: /cache settings/,
  },
  {
    rule: "known-variables",
    title: "a variable that has no effect any more",
    wrong: { env: { VLLM_USE_V1: "1" } },
    right: { env: { VLLM_LOGGING_LEVEL: "DEBUG" } },
    path: "models[0].env.VLLM_USE_V1",
    says: /no effect/,
  },
  {
    rule: "known-variables",
    title: "VLLM_PORT, which is not the API's port",
    wrong: { env: { VLLM_PORT: "8000" } },
    right: { env: {} },
    path: "models[0].env.VLLM_PORT",
    says: /base of internal ports.*Leave it away/,
  },
  {
    rule: "known-variables",
    title: "a mistyped variable",
    wrong: { env: { VLLM_LOGGING_LEVLE: "DEBUG" } },
    right: { env: { VLLM_LOGGING_LEVEL: "DEBUG" } },
    path: "models[0].env.VLLM_LOGGING_LEVLE",
    says: /VLLM_LOGGING_LEVEL/,
    kind: "warning",
  },
  {
    rule: "allocator",
    title: "expandable segments beside the cache",
    wrong: { cache: CACHE, env: { PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True" } },
    right: { env: { PYTORCH_CUDA_ALLOC_CONF: "expandable_segments:True" } },
    path: "models[0].env.PYTORCH_CUDA_ALLOC_CONF",
    says: /exclude each other/,
  },
  {
    rule: "lmcache-variables",
    title: "LMCache settings while the cache is off",
    wrong: { env: { LMCACHE_CACHE_POLICY: "LFU" } },
    right: { cache: CACHE, env: { LMCACHE_CACHE_POLICY: "LFU" } },
    path: "models[0].env.LMCACHE_CACHE_POLICY",
    says: /does nothing while the cache is off/,
  },
  {
    rule: "lmcache-variables",
    title: "a setting LMCache would drop",
    wrong: { cache: CACHE, env: { LMCACHE_CACHE_POLICE: "LFU" } },
    right: { cache: CACHE, env: { LMCACHE_CACHE_POLICY: "LFU" } },
    path: "models[0].env.LMCACHE_CACHE_POLICE",
    says: /cache_policy/,
  },
  {
    rule: "simulator-flags",
    title: "a flag of vLLM that ends the simulator",
    wrong: { runtime: "simulator", ...extra("--gpu-memory-utilization", "0.9") },
    right: { runtime: "simulator", ...extra("--failure-injection-rate", "10") },
    path: "models[0].extraArgs[0]",
    says: /not a flag of llm-d-inference-sim/,
  },
  {
    rule: "simulator-flags",
    title: "a latency the settings render",
    wrong: { runtime: "simulator", ...extra("--time-to-first-token", "1s") },
    right: { runtime: "simulator", simulation: { timeToFirstTokenMs: 1000 } },
    path: "models[0].extraArgs[0]",
    says: /simulation\.timeToFirstTokenMs/,
  },
];

function own(): NonNullable<ModelInput["architecture"]> {
  return {
    layers: 32,
    hiddenSize: 4096,
    attentionHeads: 32,
    kvHeads: 8,
    headDimension: 128,
    vocabularySize: 128256,
    maxLength: 8192,
    weightsGiB: 15,
  };
}

describe("rules an engine is held to before anything is created", () => {
  for (const test of CASES) {
    const kind = test.kind ?? "problem";
    it(`${kind === "problem" ? "refuses" : "warns about"} ${test.title}`, () => {
      const { problems, warnings } = planFirst(withModel(test.wrong, test.settings));
      const lines =
        kind === "problem"
          ? problems.map((problem) => ({ path: problem.path, text: formatProblem(problem) }))
          : warnings;
      const found = lines.filter(({ path, text }) => path === test.path && test.says.test(text));
      assert.equal(
        found.length,
        1,
        `${test.path} ${String(test.says)} in ${JSON.stringify({ problems, warnings }, null, 1)}`,
      );
    });

    it(`accepts the alternative to ${test.title}`, () => {
      const { problems, warnings } = planFirst(withModel(test.right, test.settings));
      assert.deepEqual(problems, []);
      assert.deepEqual(
        warnings.filter(({ path, text }) => path === test.path && test.says.test(text)),
        [],
      );
    });
  }

  it("has a failing and a passing case for every rule", () => {
    assert.deepEqual([...new Set(CASES.map(({ rule }) => rule))].sort(), ENGINE_RULES.map(({ id }) => id).sort());
  });

  it("leaves it to vLLM to lower its sequences to the batched tokens where only those are set", () => {
    assert.deepEqual(planFirst(withModel({ maxBatchedTokens: 512 })).problems, []);
  });

  it("lets no flag lay an engine out over several pods or servers", () => {
    for (const words of [
      ["--data-parallel-start-rank", "1"],
      ["--data-parallel-multi-port-external-lb"],
      ["--data-parallel-rpc-port", "13345"],
      ["--data-parallel-backend", "mp"],
      ["--master-port", "29502"],
    ]) {
      const { problems } = planFirst(withModel({ extraArgs: words }));
      const [text] = problems.map(formatProblem);
      assert.match(text ?? "", new RegExp(`extraArgs\\[0\\]: ${words[0] ?? ""} – can't be changed`));
    }
  });

  it("finds all mistakes of one engine at once", () => {
    const { problems } = planFirst(
      withModel({ extraArgs: ["--port", "1", "--swap-space", "4"], env: { VLLM_USE_V1: "1", HF_TOKEN: "x" } }),
    );
    assert.deepEqual(problems.map(({ path }) => path).sort(), [
      "models[0].env.HF_TOKEN",
      "models[0].env.VLLM_USE_V1",
      "models[0].extraArgs[0]",
      "models[0].extraArgs[2]",
    ]);
  });
});
