import type { Flag } from "../flags.ts";

const policies = ["random", "round_robin", "cache_aware", "power_of_two", "consistent_hash"];

/**
 * Flags of `vllm-router` 0.1.14 that differ from 0.1.17: a row here replaces the row of that name.
 *
 * Source: PyPI vllm-router 0.1.14 `vllm_router/router_args.py` (Apache-2.0), read 2026-11-20.
 */
// prettier-ignore
export const VLLM_ROUTER_FLAGS_0_1_14: readonly Flag[] = [
  { name: "--policy", kind: "enum", choices: policies, default: "cache_aware", note: "power_of_two needs two or more workers" },
  { name: "--prefill-policy", kind: "enum", choices: policies, requires: ["--vllm-pd-disaggregation"] },
  { name: "--decode-policy", kind: "enum", choices: policies, requires: ["--vllm-pd-disaggregation"] },
  { name: "--max-tree-size", kind: "int", default: 67108864, above: 0 },
  { name: "--kv-connector", kind: "enum", choices: ["nixl", "mooncake"], default: "nixl" },
  { name: "--prometheus-port", kind: "int", note: "help text says off when unset" },
  { name: "--prometheus-host", kind: "string" },
  { name: "--pd-disaggregation", kind: "bool", default: false, negatable: false },
  { name: "--model-path", kind: "string" },
  { name: "--tokenizer-path", kind: "string" },
];
