import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import type { Environment, Model } from "../../environments/schema/environment.ts";
import type { EngineCache } from "../cache.ts";
import { hasMixedLayers } from "./fit.ts";
import { API_PORT } from "../names.ts";

/** Longest request of a simulated model whose shape nobody knows; the simulator's own default of 1,024 is too short for chats. */
const SIMULATED_LENGTH = 8192;

/** Requests a simulated engine works on at once: vLLM's default on small GPUs; the simulator's own is 5. */
const SIMULATED_SEQUENCES = 256;

/** What clients put into `model`. */
export function servedNameOf(model: Model): string {
  return model.servedName ?? model.model;
}

/** Longest prompt plus answer in tokens: as configured, else what the model was made for. */
export function maxLengthOf(model: Model, shape: ArchitectureDescription | null): number {
  return model.maxModelLength ?? shape?.maxLength ?? SIMULATED_LENGTH;
}

/** A flag that is left out where the setting is. */
function optional(flag: string, value: string | number | undefined): string[] {
  return value === undefined || value === "auto" ? [] : [flag, String(value)];
}

/** A switch of three positions: on, off, or vLLM's own default. */
function toggle(name: string, on: boolean | undefined): string[] {
  if (on === undefined) return [];
  return [on ? `--${name}` : `--no-${name}`];
}

/** Arguments of `vllm serve` that follow from settings; `extraArgs` are not among them. */
export function typedArguments(
  model: Model,
  shape: ArchitectureDescription | null,
  cache: EngineCache | null,
): readonly string[] {
  const onGpu = model.runtime === "cuda";
  return [
    ...["--served-model-name", servedNameOf(model)],
    ...["--port", String(API_PORT)],
    ...optional("--revision", model.revision),
    // Code of the repository is pinned together with its weights.
    ...(model.trustRemoteCode ? ["--trust-remote-code", ...optional("--code-revision", model.revision)] : []),
    ...(onGpu ? ["--tensor-parallel-size", String(model.tensorParallel)] : []),
    ...(onGpu && model.pipelineParallel > 1 ? ["--pipeline-parallel-size", String(model.pipelineParallel)] : []),
    ...["--max-model-len", String(maxLengthOf(model, shape))],
    ...optional("--dtype", model.dtype),
    ...optional("--quantization", model.quantization),
    ...optional("--kv-cache-dtype", model.kvCacheDtype),
    // On CPUs the cache has a fixed size, VLLM_CPU_KVCACHE_SPACE.
    ...(onGpu ? ["--gpu-memory-utilization", String(model.gpuMemoryUtilization)] : []),
    ...optional("--max-num-seqs", model.maxSequences),
    ...optional("--max-num-batched-tokens", model.maxBatchedTokens),
    ...toggle("enable-prefix-caching", model.prefixCaching),
    ...toggle("enable-chunked-prefill", model.chunkedPrefill),
    ...(model.eager ? ["--enforce-eager"] : []),
    ...["--shutdown-timeout", String(model.drainSeconds)],
    ...["--disable-access-log-for-endpoints", "/health,/metrics"],
    ...(cache === null ? [] : cache.args),
    ...(cache !== null && hasMixedLayers(shape) ? ["--disable-hybrid-kv-cache-manager"] : []),
  ];
}

/** The container's whole command; the production-stack router looks for flags there, so there are no `args`. */
export function engineCommand(
  environment: Environment,
  model: Model,
  shape: ArchitectureDescription | null,
  cache: EngineCache | null,
): readonly string[] {
  if (model.runtime === "simulator") return simulatorCommand(environment, model, shape);
  return ["vllm", "serve", model.model, ...typedArguments(model, shape, cache), ...model.extraArgs];
}

/**
 * llm-d-inference-sim takes few of vLLM's flags and ends at an unknown one.
 * The dummy tokenizer keeps it from asking a model hub. A prefill that depends on the prompt needs a time to first token of 0.
 * Source: llm-d-inference-sim 0.10.2, `--help` and runs.
 */
function simulatorCommand(
  environment: Environment,
  model: Model,
  shape: ArchitectureDescription | null,
): readonly string[] {
  const { simulation } = model;
  const byPrompt = simulation.prefillPerTokenMs > 0;
  return [
    "/app/llm-d-inference-sim",
    ...["--model", model.model],
    ...["--served-model-name", servedNameOf(model)],
    ...["--port", String(API_PORT)],
    ...["--max-model-len", String(maxLengthOf(model, shape))],
    ...["--max-num-seqs", String(model.maxSequences ?? SIMULATED_SEQUENCES)],
    "--force-dummy-tokenizer",
    ...["--enable-kvcache", "--kv-cache-size", String(simulation.kvCacheBlocks), "--block-size", "16"],
    ...["--time-to-first-token", byPrompt ? "0ms" : milliseconds(simulation.timeToFirstTokenMs)],
    ...(byPrompt ? ["--prefill-overhead", milliseconds(simulation.prefillOverheadMs)] : []),
    ...(byPrompt ? ["--prefill-time-per-token", milliseconds(simulation.prefillPerTokenMs)] : []),
    ...["--inter-token-latency", milliseconds(simulation.interTokenLatencyMs)],
    // As large as the front lets through, so that the front alone says what is too large.
    ...["--max-request-body-size-mb", String(environment.access.maxBodyMiB)],
    ...model.extraArgs,
  ];
}

/** A Go duration; fractions of a millisecond are whole microseconds. */
function milliseconds(ms: number): string {
  return Number.isInteger(ms) ? `${ms}ms` : `${Math.round(ms * 1000)}us`;
}
