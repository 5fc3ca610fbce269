import { humanInt } from "../flag-values.ts";
import type { FlagProblem, ParsedFlag } from "../flags.ts";

/** Flags that open an engine; each must be somebody's decision. Source: vLLM's security guide and advisories, read 2026-11. */
export const DANGEROUS_FLAGS: Readonly<Record<string, string>> = {
  "--trust-remote-code": "runs Python code of the model's repository",
  "--enable-prompt-embeds": "takes tensors from callers, which crashed and corrupted engines before",
  "--trust-request-mm-kwargs": "lets callers choose options of the media processor",
  "--trust-request-chat-template": "lets callers send templates that the server executes",
  "--grpc": "serves without authentication",
  "--allowed-local-media-path": "lets callers read files below that path",
  "--tool-server": "lets the model call tools on the server's side",
  "--disable-log-stats": "ends the engine's metrics, so that dashboards and autoscaling see nothing",
};

/** A rule between flags, broken by a command line that would not start. */
interface Rule {
  readonly when: string;
  /** Needed as well. */
  readonly needs?: string;
  /** Not together with. */
  readonly not?: string;
}

// Source: vllm-project/vllm `vllm/entrypoints/common/cli_args.py` and `vllm/engine/arg_utils.py` at v0.33.0; the same in
// 0.29.0 and 0.31.0 where the flags exist.
const RULES: readonly Rule[] = [
  { when: "--enable-auto-tool-choice", needs: "--tool-call-parser" },
  { when: "--enable-log-outputs", needs: "--enable-log-requests" },
  { when: "--lora-modules", needs: "--enable-lora" },
  { when: "--enable-per-request-metrics", not: "--disable-log-stats" },
  { when: "--headless", not: "--data-parallel-hybrid-lb" },
  { when: "--data-parallel-multi-port-external-lb", not: "--data-parallel-external-lb" },
  { when: "--data-parallel-multi-port-external-lb", not: "--data-parallel-hybrid-lb" },
  { when: "--data-parallel-external-lb", not: "--data-parallel-hybrid-lb" },
  { when: "--data-parallel-multi-port-external-lb", not: "--grpc" },
  { when: "--data-parallel-multi-port-external-lb", not: "--uds" },
];

/** Rules between flags that `vllm serve` enforces at start. */
export function checkRules(parsed: readonly ParsedFlag[]): readonly FlagProblem[] {
  const on = new Set(parsed.filter((argument) => argument.on).map((argument) => argument.flag.name));
  const problems: FlagProblem[] = RULES.filter((rule) => on.has(rule.when)).flatMap(({ when, needs, not }) => {
    if (needs !== undefined && !on.has(needs)) {
      return [{ severity: "error", argument: when, rule: `does not start without ${needs}`, remedy: `Add ${needs}.` }];
    }
    if (not !== undefined && on.has(not)) {
      return [
        { severity: "error", argument: when, rule: `does not start together with ${not}`, remedy: "Choose one." },
      ];
    }
    return [];
  });
  return [...problems, ...checkBatch(parsed), ...checkKvRole(parsed)];
}

function last(parsed: readonly ParsedFlag[], name: string): string | undefined {
  return parsed.findLast((argument) => argument.flag.name === name && argument.key === undefined)?.values[0];
}

function checkBatch(parsed: readonly ParsedFlag[]): readonly FlagProblem[] {
  const tokens = humanInt(last(parsed, "--max-num-batched-tokens") ?? "");
  const sequences = humanInt(last(parsed, "--max-num-seqs") ?? "");
  if (tokens === undefined || sequences === undefined || tokens >= sequences) return [];
  const rule = `${tokens} is below --max-num-seqs ${sequences}`;
  const argument = "--max-num-batched-tokens";
  return [{ severity: "error", argument, rule, remedy: `Use at least ${sequences}.` }];
}

function checkKvRole(parsed: readonly ParsedFlag[]): readonly FlagProblem[] {
  const text = last(parsed, "--kv-transfer-config");
  if (text === undefined || !text.includes('"kv_connector"') || text.includes('"kv_role"')) return [];
  const rule = "names a kv_connector without kv_role";
  const argument = "--kv-transfer-config";
  return [{ severity: "error", argument, rule, remedy: 'Add "kv_role": "kv_both", "kv_producer" or "kv_consumer".' }];
}
