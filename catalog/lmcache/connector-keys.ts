import type { LmcacheSetting } from "../lmcache.ts";

/**
 * Keys of `kv_connector_extra_config` that `LMCacheMPConnector` reads, LMCache 0.5.6.
 *
 * Source: LMCache/LMCache `lmcache/integration/vllm` at v0.5.6 (Apache-2.0), read 2026-11.
 */
// prettier-ignore
export const CONNECTOR_KEYS: readonly LmcacheSetting[] = [
  { key: "lmcache.mp.host", kind: "string", default: "tcp://localhost", note: "with scheme; tcp:// is ZMQ" },
  { key: "lmcache.mp.port", kind: "int", default: 5555 },
  { key: "lmcache.mp.server_urls", kind: "list", note: "list or comma-separated; replaces host and port; world size divisible by the count; tensor parallelism only, no data or pipeline parallelism; not with autostart", item: "string" },
  { key: "lmcache.mp.mq_timeout", kind: "float", default: 300.0, unit: "s" },
  { key: "lmcache.mp.heartbeat_interval", kind: "float", default: 10.0, unit: "s", note: "three intervals must fit into --worker-reap-timeout-seconds" },
  { key: "lmcache.mp.nonblocking_lookup_status", kind: "bool", default: true },
  { key: "lmcache.mp.mp_transfer_mode", kind: "enum", choices: ["auto", "lmcache_driven", "engine_driven"], default: "auto" },
  { key: "lmcache.mp.isolated_ipc", kind: "bool", default: false, note: "must equal --isolated-ipc of the server" },
  { key: "lmcache.mp.use_vmm_api", kind: "bool", default: false, note: "true with --enable-cumem-allocator of the engine" },
  { key: "lmcache.mp.hash_algorithm", kind: "string", default: "blake3", since: "0.5.6", note: "must equal --hash-algorithm of the server" },
  { key: "lmcache.mp.eager_prefetch", kind: "bool", default: false },
  { key: "lmcache.mp.save_decode_cache", kind: "bool", default: false, since: "0.5.6", note: "a JSON boolean, text is refused" },
  { key: "lmcache.mp.transfer_intermediate_tensors", kind: "bool", default: false },
  { key: "lmcache.mp.lazy_offload", kind: "bool", default: false, note: "needs prefix caching in the engine" },
  { key: "lmcache.mp.lazy_offload_policy", kind: "enum", choices: ["EVICTION_AWARE", "FIFO"], default: "EVICTION_AWARE" },
  { key: "lmcache.mp.lazy_offload_horizon_steps", kind: "float", default: 2.5, note: "EVICTION_AWARE" },
  { key: "lmcache.mp.lazy_offload_max_drain_per_step", kind: "int", default: 64, note: "EVICTION_AWARE" },
  { key: "lmcache.mp.lazy_offload_max_deferral_seconds", kind: "float", default: 0.0, unit: "s", note: "EVICTION_AWARE" },
  { key: "lmcache.mp.lazy_offload_threshold", kind: "int", default: 100, note: "FIFO" },
  { key: "lmcache.mp.lazy_offload_select_count", kind: "int", default: 10, note: "FIFO" },
  { key: "lmcache.mp.autostart", kind: "bool", default: false, since: "0.5.6", note: "host must be localhost or 127.0.0.1; one server only" },
  { key: "lmcache.mp.autostart.server_args", kind: "string", since: "0.5.6", note: "may not hold --host, --port, --http-host" },
  { key: "lmcache.mp.autostart.wait_timeout", kind: "float", default: 90.0, unit: "s", since: "0.5.6" },
];
