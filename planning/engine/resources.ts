import { parseFlags } from "../../catalog/flags.ts";
import { flagTable } from "../../catalog/vllm.ts";
import type { Model } from "../../environments/schema/environment.ts";
import type { EngineCache } from "../cache.ts";
import { coresOf, formatGiB, gibOf } from "../quantities.ts";
import type { PodPlan } from "../types.ts";

/** What one engine needs of its node. Memory and disk in GiB, processor time in cores. */
export interface EngineResources {
  readonly cpu: number;
  /** Requested and limited; all parts below are in it. */
  readonly memoryGiB: number;
  /** `/dev/shm`; 0: the container's default. */
  readonly shmGiB: number;
  /** KV cache of a CPU engine. */
  readonly cpuKvGiB: number;
  /** Volume the weights are downloaded to; 0: none. */
  readonly weightsVolumeGiB: number;
  /** All of the node's disk the engine may fill. */
  readonly diskGiB: number;
  readonly gpus: number;
}

/** Compile caches and the home folder, in GiB. */
export const HOME_GIB = 8;

/**
 * Host memory of vLLM's processes: API server and engine core, and one worker per GPU with its CUDA context and
 * libraries. Weights pass through the page cache, which the kernel takes back; a quarter of them, up to 64 GiB, is left
 * room so that loading is not slowed down. Estimated, not measured: `resources.memory` replaces it.
 */
const BASE_GIB = 4;
const WORKER_GIB = 4;
const LOADING_SHARE = 0.25;
const LOADING_LIMIT_GIB = 64;

/** Torch, activations and the API server of a CPU engine, in GiB. */
const CPU_BASE_GIB = 4;

/** KV cache of a CPU engine whose shape is not known, in GiB. */
const CPU_KV_GIB = 4;

/** API server, engine core and one worker per GPU each keep a core busy. Source: vLLM documentation, CPU resources for GPU deployments. */
const BASE_CORES = 2;

const SIMULATOR = { cpu: 0.1, memoryGiB: 0.5 };

/** Sizes an engine's needs follow from, in bytes. */
export interface EngineSizes {
  /** The model's files; 0 where nobody knows. */
  readonly files: number;
  /** Weights as they are loaded: less than the files where vLLM quantises them. */
  readonly weights: number;
  /** KV cache of one request of full length over all ranks; null where the shape is not known. */
  readonly kvPerRequest: number | null;
}

/** What one engine needs. `version`: of vLLM, whose flags hold in `extraArgs`. */
export function engineResources(
  model: Model,
  gpus: number,
  sizes: EngineSizes,
  cache: EngineCache | null,
  version: string,
): EngineResources {
  const shmGiB = sharedMemory(model, gpus);
  const extra = shmGiB + (cache?.memoryGiBPerGpu ?? 0) * gpus + offloaded(model, version, gpus);
  const own = ownMemory(model, gpus, sizes);
  const weightsVolumeGiB = weightsVolume(model, sizes.files / 2 ** 30);
  return {
    cpu: model.resources.cpu === undefined ? defaultCores(model, gpus) : coresOf(model.resources.cpu),
    memoryGiB: own.memoryGiB + extra,
    shmGiB,
    cpuKvGiB: own.cpuKvGiB,
    weightsVolumeGiB,
    diskGiB: model.runtime === "simulator" ? 0 : Math.ceil(weightsVolumeGiB + (cache?.diskGiB ?? 0) + HOME_GIB),
    gpus,
  };
}

/** Requests and limits of the container: GPUs are limits alone, memory is the same in both, cores have no limit. */
export function resourcesOf(needs: EngineResources): PodPlan["resources"] {
  const memory = formatGiB(needs.memoryGiB);
  const disk = needs.diskGiB === 0 ? {} : { "ephemeral-storage": formatGiB(needs.diskGiB) };
  return {
    requests: { cpu: `${Math.round(needs.cpu * 1000)}m`, memory, ...disk },
    limits: { memory, ...disk, ...(needs.gpus === 0 ? {} : { "nvidia.com/gpu": String(needs.gpus) }) },
  };
}

/**
 * Workers of one engine exchange tensors through `/dev/shm`, whose default of 64 MiB breaks tensor parallelism and
 * images. Source: vLLM documentation, deployment on Kubernetes.
 */
function sharedMemory(model: Model, gpus: number): number {
  if (model.runtime === "simulator") return 0;
  if (gpus <= 1) return 2;
  return gpus <= 4 ? 8 : 16;
}

function ownMemory(
  model: Model,
  gpus: number,
  sizes: EngineSizes,
): { readonly memoryGiB: number; readonly cpuKvGiB: number } {
  const weightsGiB = sizes.weights / 2 ** 30;
  const given = model.resources.memory === undefined ? undefined : gibOf(model.resources.memory);
  switch (model.runtime) {
    case "simulator":
      return { memoryGiB: given ?? SIMULATOR.memoryGiB, cpuKvGiB: 0 };
    case "cuda": {
      const loading = Math.min(LOADING_LIMIT_GIB, weightsGiB * LOADING_SHARE);
      return { memoryGiB: given ?? Math.ceil(BASE_GIB + WORKER_GIB * gpus + loading), cpuKvGiB: 0 };
    }
    case "cpu": {
      const fixed = weightsGiB + CPU_BASE_GIB;
      // VLLM_CPU_KVCACHE_SPACE takes whole GiB; four full requests at once are what a CPU can compute anyway.
      const wanted =
        sizes.kvPerRequest === null ? CPU_KV_GIB : Math.max(1, Math.ceil((4 * sizes.kvPerRequest) / 2 ** 30));
      if (given !== undefined) return { memoryGiB: given, cpuKvGiB: Math.max(0, Math.floor(given - fixed)) };
      return { memoryGiB: Math.ceil(fixed + wanted), cpuKvGiB: wanted };
    }
  }
}

function defaultCores(model: Model, gpus: number): number {
  if (model.runtime === "simulator") return SIMULATOR.cpu;
  return model.runtime === "cpu" ? 4 : BASE_CORES + gpus;
}

/** A fifth more than the weights for what the hub's library keeps while it downloads. */
function weightsVolume(model: Model, weightsGiB: number): number {
  if (model.runtime === "simulator" || model.weights.kind === "claim") return 0;
  if (model.weights.size !== undefined) return gibOf(model.weights.size);
  return Math.ceil(weightsGiB * 1.2 + 2);
}

/** Host memory that flags of vLLM itself ask for: `--kv-offloading-size` in all, `--cpu-offload-gb` per GPU. */
function offloaded(model: Model, version: string, gpus: number): number {
  if (model.runtime === "simulator") return 0;
  const { parsed } = parseFlags(flagTable(version), model.extraArgs);
  const valueOf = (name: string): number => {
    const value = Number(parsed.findLast(({ flag }) => flag.name === name)?.values[0] ?? 0);
    return Number.isFinite(value) && value > 0 ? value : 0;
  };
  return valueOf("--kv-offloading-size") + valueOf("--cpu-offload-gb") * gpus;
}
