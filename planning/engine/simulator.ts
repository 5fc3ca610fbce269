import { parseFlags, type Flag, type FlagTable } from "../../catalog/flags.ts";
import { extraPath, type EngineFacts, type Rule } from "./facts.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "../findings.ts";

const flags = (kind: Flag["kind"], names: readonly string[]): Flag[] =>
  names.map((name) => ({ name: `--${name}`, kind }));

/**
 * Flags of llm-d-inference-sim; durations are Go's (`50ms`). An unknown one ends it.
 * Source: `llm-d-inference-sim --help`, 0.10.2, read 2026-11.
 */
// prettier-ignore
export const SIMULATOR_FLAGS: FlagTable = {
  program: "llm-d-inference-sim 0.10.2",
  flags: [
    ...flags("string", ["model", "served-model-name", "mode", "dataset-path", "dataset-url", "hash-seed", "latency-calculator", "lora-modules", "fake-metrics", "failure-types", "zmq-endpoint", "config", "ssl-certfile", "ssl-keyfile", "dataset-table-name", "render-url", "mm-processor-kwargs", "ec-transfer-config"]),
    ...flags("string", ["time-to-first-token", "time-to-first-token-std-dev", "inter-token-latency", "inter-token-latency-std-dev", "prefill-overhead", "prefill-time-per-token", "prefill-time-std-dev", "kv-cache-transfer-latency", "kv-cache-transfer-latency-std-dev", "kv-cache-transfer-time-per-token", "kv-cache-transfer-time-std-dev", "startup-duration", "fake-metrics-refresh-interval", "render-timeout", "mm-render-timeout", "time-to-generate-image", "time-to-generate-image-std-dev"]),
    ...flags("int", ["port", "max-model-len", "max-num-seqs", "max-waiting-queue-length", "kv-cache-size", "event-batch-size", "max-loras", "max-cpu-loras", "seed", "data-parallel-size", "data-parallel-rank", "failure-injection-rate", "max-request-body-size-mb", "default-embedding-dimensions", "image-emission-rate"]),
    ...flags("int", ["min-tool-call-integer-param", "max-tool-call-integer-param", "min-tool-call-array-param-length", "max-tool-call-array-param-length", "tool-call-not-required-param-probability", "object-tool-call-not-required-field-probability"]),
    ...flags("float", ["min-tool-call-number-param", "max-tool-call-number-param"]),
    { name: "--block-size", kind: "enum", choices: ["8", "16", "32", "64", "128"] },
    { name: "--v", kind: "int", aliases: ["-v"] },
    { name: "--time-factor-under-load", kind: "float", min: 1 },
    { name: "--global-cache-hit-threshold", kind: "float", min: 0, max: 1 },
    ...flags("bool", ["enable-kvcache", "force-dummy-tokenizer", "enable-request-id-headers", "enable-prefix-caching", "enforce-eager", "enable-sleep-mode", "dataset-in-memory", "self-signed-certs", "log-http", "use-vllm-map-event-format", "omni", "mm-encoder-only"]),
  ],
};

/** Flags the stack renders itself, and the setting they come from. */
const OWNED: Readonly<Record<string, string>> = {
  "--model": "model",
  "--served-model-name": "servedName",
  "--port": "nothing: routers and probes expect the stack's port",
  "--max-model-len": "maxModelLength",
  "--max-num-seqs": "maxSequences",
  "--kv-cache-size": "simulation.kvCacheBlocks",
  "--time-to-first-token": "simulation.timeToFirstTokenMs",
  "--inter-token-latency": "simulation.interTokenLatencyMs",
  "--prefill-overhead": "simulation.prefillOverheadMs",
  "--prefill-time-per-token": "simulation.prefillPerTokenMs",
  "--max-request-body-size-mb": "access.maxBodyMiB",
  "--ssl-certfile": "nothing: probes and routers speak HTTP inside the cluster",
  "--ssl-keyfile": "nothing: probes and routers speak HTTP inside the cluster",
  "--self-signed-certs": "nothing: probes and routers speak HTTP inside the cluster",
};

function checkFlags(facts: EngineFacts): Findings {
  const { parsed, problems } = parseFlags(SIMULATOR_FLAGS, facts.model.extraArgs);
  return mergeFindings(
    ...problems.map(({ severity, argument, rule, remedy }) =>
      severity === "error"
        ? refused(extraPath(facts, argument), argument, rule, remedy)
        : warned(extraPath(facts, argument), `${argument} ${rule}. ${remedy}`),
    ),
    ...parsed.map(({ argument, flag }) => {
      const setting = OWNED[flag.name];
      return setting === undefined
        ? NO_FINDINGS
        : refused(extraPath(facts, argument), argument, "is rendered by the stack already", `Use ${setting}.`);
    }),
  );
}

/** Rules about simulated engines. */
export const SIMULATOR_RULES: readonly Rule[] = [
  {
    id: "simulator-flags",
    checks: "extraArgs has only flags the simulator has.",
    runtimes: ["simulator"],
    check: checkFlags,
  },
];
