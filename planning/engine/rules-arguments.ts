import type { ParsedFlag } from "../../catalog/flags.ts";
import { humanInt } from "../../catalog/flag-values.ts";
import { checkArguments } from "../../catalog/vllm.ts";
import { findAccelerator } from "../../catalog/accelerators.ts";
import { oneOf } from "../../environments/schema/problems.ts";
import { extraPath, flagOf, isOn, valueOf, VLLM, type EngineFacts, type Rule } from "./facts.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "../findings.ts";
import { DEFAULT_BATCHED_TOKENS } from "../fit/memory.ts";

/** Flags that settings of the environment render, or that the stack fixes, and what to use instead. */
export const OWNED_FLAGS: Readonly<Record<string, string>> = {
  "--model": "model",
  "--served-model-name": "servedName",
  "--revision": "revision",
  "--tensor-parallel-size": "tensorParallel",
  "--pipeline-parallel-size": "pipelineParallel",
  "--max-model-len": "maxModelLength",
  "--dtype": "dtype",
  "--quantization": "quantization",
  "--kv-cache-dtype": "kvCacheDtype",
  "--gpu-memory-utilization": "gpuMemoryUtilization",
  "--max-num-seqs": "maxSequences",
  "--max-num-batched-tokens": "maxBatchedTokens",
  "--enable-prefix-caching": "prefixCaching",
  "--enable-chunked-prefill": "chunkedPrefill",
  "--enforce-eager": "eager",
  "--trust-remote-code": "trustRemoteCode",
  "--shutdown-timeout": "drainSeconds",
  "--download-dir": "weights",
};

/** Flags that contradict the layout of the stack, and why. */
const FIXED_FLAGS: Readonly<Record<string, string>> = {
  "--host": "engines listen on all addresses of their pod",
  "--port": "routers, probes and policies expect the stack's port",
  "--uds": "routers reach engines by network",
  "--root-path": "routers and probes expect the API at /",
  "--api-key": "it would stand in the pod's definition; the stack makes and mounts the key itself",
  "--hf-token": "it would stand in the pod's definition; use the secret huggingFaceToken",
  "--grpc": "it serves gRPC without authentication instead of HTTP",
  "--headless": "routers need the API of every engine",
  "--ssl-keyfile": "probes and routers speak HTTP inside the cluster",
  "--ssl-certfile": "probes and routers speak HTTP inside the cluster",
  "--ssl-ca-certs": "probes and routers speak HTTP inside the cluster",
  "--kv-cache-memory-bytes": "it overrules the share of the GPU the fit counts with; use gpuMemoryUtilization",
  "--nnodes": "an engine is one pod on one node",
  "--node-rank": "an engine is one pod on one node",
  "--master-addr": "an engine is one pod on one node",
  "--master-port": "an engine is one pod on one node",
  "--data-parallel-size": "it needs more GPUs than the pod asks for; use replicas",
  "--data-parallel-size-local": "it needs more GPUs than the pod asks for; use replicas",
  "--data-parallel-rank": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-start-rank": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-rpc-port": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-backend": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-address": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-hybrid-lb": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-external-lb": "data parallelism needs more than one pod; use replicas",
  "--data-parallel-multi-port-external-lb": "data parallelism needs more than one pod; use replicas",
};

/** Words of a command before its flags: `vllm serve <model>`. */
export const COMMAND_WORDS = 3;

/** Ranks of LoRA adapters vLLM has kernels for. Source: vLLM 0.33 `config/lora.py`. */
const LORA_RANKS = ["1", "8", "16", "32", "64", "128", "256", "320", "512"] as const;

function each<T>(items: readonly T[], check: (item: T) => Findings): Findings {
  return mergeFindings(...items.map(check));
}

function checkOwned(facts: EngineFacts): Findings {
  return each(facts.extra, ({ argument, flag, on }) => {
    const setting = OWNED_FLAGS[flag.name];
    if (setting === undefined) return NO_FINDINGS;
    const value = flag.kind === "bool" ? `${facts.path}.${setting}: ${String(on)}` : `${facts.path}.${setting}`;
    return refused(extraPath(facts, argument), argument, `is what the setting ${setting} is for`, `Use ${value}.`);
  });
}

function checkFixed(facts: EngineFacts): Findings {
  return each(facts.extra, ({ argument, flag }) => {
    const why = FIXED_FLAGS[flag.name];
    return why === undefined
      ? NO_FINDINGS
      : refused(extraPath(facts, argument), argument, `can't be changed: ${why}`, "Leave it out.");
  });
}

/** argparse takes the last of several, and the others are read by people only. */
function checkTwice(facts: EngineFacts): Findings {
  const seen = new Map<string, ParsedFlag>();
  return each(facts.extra, (parsed) => {
    const name = parsed.key === undefined ? parsed.flag.name : `${parsed.flag.name}.${parsed.key}`;
    const before = seen.get(name);
    seen.set(name, parsed);
    if (before === undefined || parsed.flag.separator === "repeat") return NO_FINDINGS;
    return refused(`${facts.path}.extraArgs`, parsed.argument, "stands twice, and only the last counts", "Keep one.");
  });
}

function checkConfigFile(facts: EngineFacts): Findings {
  const config = facts.extra.find(({ flag }) => flag.name === "--config");
  if (config === undefined || facts.model.extraArgs.some((arg) => arg.startsWith("--config="))) return NO_FINDINGS;
  return warned(
    extraPath(facts, "--config"),
    "The plan does not see what the file of --config sets, so nothing in it is checked. Use settings and extraArgs.",
  );
}

/** The pair the other way round is an error of the flag table; this half starts and disappoints. */
function checkToolParser(facts: EngineFacts): Findings {
  if (valueOf(facts, "--tool-call-parser") === undefined || isOn(facts, "--enable-auto-tool-choice"))
    return NO_FINDINGS;
  return warned(
    extraPath(facts, "--tool-call-parser"),
    "--tool-call-parser alone serves only requests that force a tool. Add --enable-auto-tool-choice to let the model choose.",
  );
}

function checkLora(facts: EngineFacts): Findings {
  const rank = valueOf(facts, "--max-lora-rank");
  const dependent = ["--max-loras", "--max-lora-rank", "--max-cpu-loras"].find(
    (name) => flagOf(facts, name) !== undefined,
  );
  return mergeFindings(
    rank === undefined || LORA_RANKS.some((known) => known === rank)
      ? NO_FINDINGS
      : refused(
          extraPath(facts, "--max-lora-rank"),
          rank,
          "is no rank vLLM has kernels for",
          `Use ${oneOf(LORA_RANKS)}, the next that is not smaller than your adapters'.`,
        ),
    dependent === undefined || isOn(facts, "--enable-lora")
      ? NO_FINDINGS
      : refused(extraPath(facts, dependent), dependent, "does nothing without --enable-lora", "Add --enable-lora."),
  );
}

/**
 * vLLM refuses a batch with fewer tokens than sequences, and without chunks a prompt must fit into one step. Where only
 * the tokens are given it lowers its sequences to them; where only the sequences are given the tokens stay its default.
 * Source: vLLM 0.33 `engine/arg_utils.py`.
 */
function checkBatch(facts: EngineFacts): Findings {
  const { model, path } = facts;
  const length = humanInt(valueOf(facts, "--max-model-len") ?? "");
  const tokens = model.maxBatchedTokens;
  if (tokens === undefined) return checkDefaultBatch(facts, length);
  return model.chunkedPrefill !== false || length === undefined || tokens >= length
    ? NO_FINDINGS
    : refused(
        `${path}.maxBatchedTokens`,
        tokens,
        `is less than maxModelLength ${length}, and without chunked prefill a prompt must fit into one step`,
        `Use at least ${length}, or leave chunkedPrefill on.`,
      );
}

function checkDefaultBatch({ model, path, pool }: EngineFacts, length: number | undefined): Findings {
  const batchClass = pool === null ? undefined : findAccelerator(pool.accelerator)?.batchClass;
  if (model.maxSequences === undefined || batchClass === undefined) return NO_FINDINGS;
  // Without chunks the default grows to the longest prompt.
  const prompt = model.chunkedPrefill === false ? (length ?? Infinity) : 0;
  const tokens = Math.max(DEFAULT_BATCHED_TOKENS[batchClass], prompt);
  if (model.maxSequences <= tokens) return NO_FINDINGS;
  return refused(
    `${path}.maxSequences`,
    model.maxSequences,
    `is more than the ${tokens} tokens vLLM batches on this GPU by default, and it does not start so`,
    `Set maxBatchedTokens to at least ${model.maxSequences}, or use at most ${tokens}.`,
  );
}

function checkExecutor(facts: EngineFacts): Findings {
  if (valueOf(facts, "--distributed-executor-backend") !== "ray" || facts.model.image !== undefined) return NO_FINDINGS;
  return refused(
    `${facts.path}.extraArgs`,
    "ray",
    "is not in vLLM's images",
    "Leave the flag out (processes on one node need no Ray), or set image to one with Ray.",
  );
}

/** Everything the flag table says about the whole command, at the setting or the argument it comes from. */
function checkCommand(facts: EngineFacts): Findings {
  const words = facts.pod.command?.slice(COMMAND_WORDS) ?? [];
  return each(checkArguments(facts.version, words), (problem) => {
    const setting = settingPath(facts, problem.argument) ?? extraPath(facts, problem.argument);
    return problem.severity === "error"
      ? refused(setting, problem.argument, problem.rule, problem.remedy)
      : warned(setting, `${problem.argument} ${problem.rule}. ${problem.remedy}`);
  });
}

/** The setting an argument was rendered from, unless people wrote it into `extraArgs` themselves. */
function settingPath({ model, path }: EngineFacts, argument: string): string | undefined {
  const word = argument.split(/[ =]/)[0] ?? argument;
  const written = model.extraArgs.some((arg) => arg === word || arg.startsWith(`${word}=`));
  const setting = OWNED_FLAGS[word];
  return written || setting === undefined ? undefined : `${path}.${setting}`;
}

/** Rules about the arguments of `vllm serve`. */
export const ARGUMENT_RULES: readonly Rule[] = [
  {
    id: "command",
    checks:
      "The command has only flags this version of vLLM has, with values it takes and together with what they need.",
    runtimes: VLLM,
    check: checkCommand,
  },
  { id: "owned-flags", checks: "extraArgs does not repeat a setting.", runtimes: VLLM, check: checkOwned },
  {
    id: "fixed-flags",
    checks: "extraArgs does not change the layout of the stack.",
    runtimes: VLLM,
    check: checkFixed,
  },
  { id: "flags-once", checks: "No flag stands twice in extraArgs.", runtimes: VLLM, check: checkTwice },
  { id: "config-file", checks: "Flags in a file are not checked.", runtimes: VLLM, check: checkConfigFile },
  {
    id: "tool-parser",
    checks: "A tool parser comes with automatic tool choice.",
    runtimes: VLLM,
    check: checkToolParser,
  },
  { id: "lora", checks: "LoRA flags come with --enable-lora and a rank vLLM has.", runtimes: VLLM, check: checkLora },
  { id: "batch", checks: "A batch has room for its sequences and prompts.", runtimes: VLLM, check: checkBatch },
  { id: "executor", checks: "The image has the executor.", runtimes: VLLM, check: checkExecutor },
];
