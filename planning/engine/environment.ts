import type { Environment, Model } from "../../environments/schema/environment.ts";
import type { EngineCache } from "../cache.ts";
import type { EngineResources } from "./resources.ts";
import { downloads, isFilled, type EngineTimes } from "./timing.ts";
import { SECRETS } from "../names.ts";
import type { EnvironmentVariable } from "../types.ts";

/** Home folder of vLLM's user in its images; here it is a volume, so that images without that user work too. */
export const HOME = "/home/vllm";

/** Where weights are: downloads, or the claim of `weights`. */
export const WEIGHTS_PATH = "/models";

/**
 * Environment of one engine, secrets by reference. What `model.env` sets replaces defaults; that it sets nothing the
 * stack depends on is a rule of `rules.ts`.
 */
export function engineEnvironment(
  environment: Environment,
  model: Model,
  cache: EngineCache | null,
  times: EngineTimes,
  needs: EngineResources,
): readonly EnvironmentVariable[] {
  const own = [...ownedVariables(environment, model, times, needs), ...(cache?.env ?? [])];
  const defaults = defaultVariables(model).filter(({ name }) => !(name in model.env));
  const given = Object.entries(model.env).map(([name, value]) => ({ name, value }));
  const names = new Set(own.map(({ name }) => name));
  return [...own, ...defaults, ...given.filter(({ name }) => !names.has(name))];
}

/** Names the stack, or the cluster for it, sets itself and what to change instead, for messages. */
export const OWNED_VARIABLES: Readonly<Record<string, string>> = {
  VLLM_API_KEY: "the stack makes the key between routers and engines itself",
  HF_TOKEN: "use the secret huggingFaceToken",
  HF_HOME: "use weights",
  HF_HUB_CACHE: "use weights",
  HOME: "it is a volume of the stack",
  VLLM_ENGINE_READY_TIMEOUT_S: "use startSeconds",
  VLLM_CPU_KVCACHE_SPACE: "use resources.memory",
  NVIDIA_VISIBLE_DEVICES: "the device plugin assigns the GPUs",
  CUDA_VISIBLE_DEVICES: "the device plugin assigns the GPUs",
  POD_IP: "it is the pod's address",
  POD_NAME: "it is the pod's name",
  POD_NAMESPACE: "it is the pod's namespace",
};

/** What a simulated engine says of itself in its answers, and where its KV events come from. */
const SIMULATOR_VARIABLES: EnvironmentVariable[] = [
  { name: "POD_IP", field: "status.podIP" },
  { name: "POD_NAME", field: "metadata.name" },
  { name: "POD_NAMESPACE", field: "metadata.namespace" },
];

/** Variables whose values other parts of the plan depend on. */
function ownedVariables(
  environment: Environment,
  model: Model,
  times: EngineTimes,
  needs: EngineResources,
): EnvironmentVariable[] {
  if (model.runtime === "simulator") return SIMULATOR_VARIABLES;
  return [
    { name: "VLLM_API_KEY", secret: SECRETS.engineKey },
    ...(environment.huggingFaceToken === undefined || !downloads(model)
      ? []
      : [{ name: "HF_TOKEN", secret: SECRETS.huggingFace }]),
    { name: "HOME", value: HOME },
    ...hubVariables(model),
    { name: "VLLM_ENGINE_READY_TIMEOUT_S", value: String(times.startBudget) },
    ...(model.runtime === "cpu" ? [{ name: "VLLM_CPU_KVCACHE_SPACE", value: String(needs.cpuKvGiB) }] : []),
  ];
}

/** A volume that can't be written holds the files only; locks and code of the hub's library go to the home folder. */
function hubVariables(model: Model): EnvironmentVariable[] {
  if (!isFilled(model)) return [{ name: "HF_HOME", value: WEIGHTS_PATH }];
  return [
    { name: "HF_HOME", value: `${HOME}/.cache/huggingface` },
    { name: "HF_HUB_CACHE", value: `${WEIGHTS_PATH}/hub` },
    { name: "HF_HUB_OFFLINE", value: "1" },
  ];
}

/**
 * Better values than vLLM's own.
 * Source: vLLM 0.33 `vllm/envs.py`; PyTorch asks the password database for the user's name unless USER is set, and an
 * image may lack the user.
 */
function defaultVariables(model: Model): { readonly name: string; readonly value: string }[] {
  if (model.runtime === "simulator") return [];
  const values: Readonly<Record<string, string>> = {
    USER: "vllm",
    LOGNAME: "vllm",
    VLLM_CACHE_ROOT: `${HOME}/.cache/vllm`,
    VLLM_CONFIG_ROOT: `${HOME}/.config/vllm`,
    TRITON_CACHE_DIR: `${HOME}/.cache/triton`,
    TORCHINDUCTOR_CACHE_DIR: `${HOME}/.cache/torchinductor`,
    VLLM_NO_USAGE_STATS: "1",
    DO_NOT_TRACK: "1",
    // Longer than the idle connections of routers, or one is closed while a request is on its way.
    VLLM_HTTP_TIMEOUT_KEEP_ALIVE: "120",
    // A redirect leads past the check of an image's address.
    VLLM_MEDIA_URL_ALLOW_REDIRECTS: "0",
    // One request with a large `n` must not take the whole batch.
    VLLM_MAX_N_SEQUENCES: "64",
    // Binding threads to cores needs the kubelet's static CPU manager.
    ...(model.runtime === "cpu" ? { VLLM_CPU_OMP_THREADS_BIND: "nobind" } : {}),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}
