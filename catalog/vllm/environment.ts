/** Why a variable has no effect or a bad one, and what to do instead. */
interface VariableRow {
  /** Where it is not that of the table. */
  readonly severity?: "error";
  readonly rule: string;
  readonly remedy: string;
}

const dead = (since: string, remedy: string): VariableRow => ({ rule: `has no effect ${since}`, remedy });

/**
 * Variables that current programs ignore or stumble over.
 * Source: vllm-project/vllm `vllm/envs.py` at v0.29.0 to v0.33.0, LMCache/LMCache `lmcache/v1/config.py` at v0.5.6, read 2026-11.
 */
export const DEAD_VARIABLES: Readonly<Record<string, VariableRow>> = {
  VLLM_USE_V1: dead("since vLLM 0.29, there is one engine", "Leave it away."),
  VLLM_RPC_TIMEOUT: dead("in current vLLM", "Leave it away."),
  VLLM_ATTENTION_BACKEND: dead("in current vLLM", "Use --attention-backend."),
  VLLM_CPU_SGL_KERNEL: dead("in current vLLM", "Leave it away."),
  LMCACHE_USE_EXPERIMENTAL: dead("in current LMCache", "Leave it away."),
  LMCACHE_ENABLE_NIXL: dead("in current LMCache", "Use LMCACHE_ENABLE_PD and LMCACHE_TRANSFER_CHANNEL=nixl."),
  LMCACHE_ENABLE_XPYD: dead("in current LMCache", "Use LMCACHE_ENABLE_PD."),
  LMCACHE_NIXL_ROLE: dead("in current LMCache", "Use LMCACHE_PD_ROLE."),
  LMCACHE_NIXL_RECEIVER_HOST: dead("in current LMCache", "Use LMCACHE_PD_PEER_HOST."),
  LMCACHE_NIXL_RECEIVER_PORT: dead(
    "in current LMCache",
    "Use LMCACHE_PD_PEER_INIT_PORT and LMCACHE_PD_PEER_ALLOC_PORT.",
  ),
  LMCACHE_NIXL_PEER_HOST: dead("in current LMCache", "Use LMCACHE_PD_PEER_HOST."),
  LMCACHE_NIXL_PEER_PORT: dead("in current LMCache", "Use LMCACHE_PD_PEER_INIT_PORT and LMCACHE_PD_PEER_ALLOC_PORT."),
  LMCACHE_NIXL_ENABLE_GC: dead("in current LMCache", "Leave it away."),
  LMCACHE_CONTROLLER_URL: dead(
    "in current LMCache",
    "Use LMCACHE_CONTROLLER_PULL_URL and LMCACHE_CONTROLLER_REPLY_URL.",
  ),
  LMCACHE_DISTRIBUTED_URL: dead("in current LMCache", "Leave it away."),
  LMCACHE_LMCACHE_WORKER_PORT: dead("in current LMCache", "Use LMCACHE_LMCACHE_WORKER_PORTS."),
};

const ask = "Keep it only if you need it and trust who can reach the engine.";

/** Variables that open an engine or keep it from serving as deployed. Source: as above, and vLLM's security guide. */
export const DANGEROUS_VARIABLES: Readonly<Record<string, VariableRow>> = {
  VLLM_SERVER_DEV_MODE: {
    rule: "opens /sleep, /collective_rpc and other control endpoints without a key",
    remedy: ask,
  },
  VLLM_ALLOW_INSECURE_SERIALIZATION: { rule: "lets peers run code through pickled messages", remedy: "Leave it away." },
  VLLM_ALLOW_RUNTIME_LORA_UPDATING: { rule: "lets every caller load adapters from any path", remedy: ask },
  VLLM_ALLOW_LONG_MAX_MODEL_LEN: {
    rule: "allows lengths the model was not made for",
    remedy: "Expect nonsense beyond its length.",
  },
  VLLM_KEEP_ALIVE_ON_ENGINE_DEATH: {
    rule: "keeps a pod whose engine died in service",
    remedy: "Leave it away, so that it restarts.",
  },
  VLLM_PORT: { severity: "error", rule: "is the base of internal ports, not the API's", remedy: "Leave it away." },
  PYTORCH_CUDA_ALLOC_CONF: {
    rule: "with expandable_segments:True keeps engines with a KV connector from starting",
    remedy: "Leave it away where a cache or disaggregation is on.",
  },
};

/** Living variables people set; the program's own list is longer. Source: as above. */
export const KNOWN_VARIABLES: readonly string[] = [
  "VLLM_API_KEY",
  "VLLM_CACHE_ROOT",
  "VLLM_CONFIG_ROOT",
  "VLLM_CPU_KVCACHE_SPACE",
  "VLLM_CPU_NUM_OF_RESERVED_CPU",
  "VLLM_CPU_OMP_THREADS_BIND",
  "VLLM_DISABLE_COMPILE_CACHE",
  "VLLM_ENABLE_CUDA_COMPATIBILITY",
  "VLLM_ENGINE_ITERATION_TIMEOUT_S",
  "VLLM_ENGINE_READY_TIMEOUT_S",
  "VLLM_EXECUTE_MODEL_TIMEOUT_SECONDS",
  "VLLM_FORCE_AOT_LOAD",
  "VLLM_HOST_IP",
  "VLLM_HTTP_TIMEOUT_KEEP_ALIVE",
  "VLLM_IMAGE_FETCH_TIMEOUT",
  "VLLM_LOGGING_CONFIG_PATH",
  "VLLM_LOGGING_LEVEL",
  "VLLM_LOG_STATS_INTERVAL",
  "VLLM_LORA_RESOLVER_CACHE_DIR",
  "VLLM_MAX_IMAGE_PIXELS",
  "VLLM_MAX_N_SEQUENCES",
  "VLLM_MEDIA_URL_ALLOW_REDIRECTS",
  "VLLM_MM_HASHER_ALGORITHM",
  "VLLM_MOONCAKE_BOOTSTRAP_PORT",
  "VLLM_NIXL_SIDE_CHANNEL_HOST",
  "VLLM_NIXL_SIDE_CHANNEL_PORT",
  "VLLM_NO_USAGE_STATS",
  "VLLM_P2P_SIDE_CHANNEL_PORT",
  "VLLM_PLUGINS",
  "VLLM_SKIP_P2P_CHECK",
  "VLLM_USE_RUST_FRONTEND",
  "VLLM_WORKER_MULTIPROC_METHOD",
  "VLLM_WORKER_SHUTDOWN_TIMEOUT_SECONDS",
];
