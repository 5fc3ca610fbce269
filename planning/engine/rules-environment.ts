import { checkLmcacheSettings } from "../../catalog/lmcache.ts";
import { checkEnvironment } from "../../catalog/vllm.ts";
import { OWNED_VARIABLES } from "./environment.ts";
import { ALL, envPath, valueOf, VLLM, type EngineFacts, type Rule } from "./facts.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "../findings.ts";
import { lmcacheVersionOf } from "../images.ts";

/** Names that hold secrets by everybody's convention; a value in the environment file is readable by all who read pods. */
const SECRET_NAME =
  /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_KEY|PRIVATE_KEY)(_ID)?$/i;

/** Secrets the stack has a place for. */
const SECRET_PLACES: Readonly<Record<string, string>> = {
  HF_TOKEN: "Use the secret huggingFaceToken: pulumi config set --secret vllm-stack:huggingFaceToken.",
  HUGGING_FACE_HUB_TOKEN: "Use the secret huggingFaceToken: pulumi config set --secret vllm-stack:huggingFaceToken.",
  VLLM_API_KEY: "Leave it out: the stack makes the key between routers and engines itself.",
};

/** Variables LMCache reads that are no settings of its configuration file. Source: LMCache 0.5.6 `lmcache/logging.py`, `lmcache/usage_context.py`. */
const LMCACHE_EXTRA = ["LMCACHE_LOG_LEVEL", "LMCACHE_TRACK_USAGE"];

function eachVariable(facts: EngineFacts, check: (name: string, value: string) => Findings): Findings {
  return mergeFindings(...Object.entries(facts.model.env).map(([name, value]) => check(name, value)));
}

/** A URL that carries a password. */
const SECRET_VALUE = /:\/\/[^/\s:@]+:[^/\s@]+@/;

function isSecret(name: string, value = ""): boolean {
  return name in SECRET_PLACES || SECRET_NAME.test(name) || SECRET_VALUE.test(value);
}

function checkSecrets(facts: EngineFacts): Findings {
  return eachVariable(facts, (name, value) =>
    isSecret(name, value)
      ? refused(
          envPath(facts, name),
          undefined,
          "looks like a secret, and values of env stand readable in the pod's definition",
          SECRET_PLACES[name] ?? "Give the pod an identity of the cloud or the cluster instead.",
        )
      : NO_FINDINGS,
  );
}

function checkOwnedVariables(facts: EngineFacts): Findings {
  const planned = new Map(facts.pod.env.map((variable) => [variable.name, variable]));
  return eachVariable(facts, (name, value) => {
    const now = planned.get(name);
    const replaced = now !== undefined && !("value" in now && now.value === value);
    const why = OWNED_VARIABLES[name] ?? (replaced ? "the cache settings set it" : undefined);
    if (why === undefined || isSecret(name)) return NO_FINDINGS;
    return refused(envPath(facts, name), value, `is set by the stack: ${why}`, "Leave it out.");
  });
}

function checkNames(facts: EngineFacts): Findings {
  const names = Object.keys(facts.model.env).filter((name) => name !== "PYTORCH_CUDA_ALLOC_CONF");
  return mergeFindings(
    ...checkEnvironment(names).map(({ severity, name, rule, remedy }) =>
      severity === "error"
        ? refused(envPath(facts, name), facts.model.env[name], rule, remedy)
        : warned(envPath(facts, name), `${name} ${rule}. ${remedy}`),
    ),
  );
}

/** Memory that can be remapped can't be registered for transfers, and vLLM refuses the pair. */
function checkAllocator(facts: EngineFacts): Findings {
  const name = ["PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF"].find((key) => key in facts.model.env);
  const value = name === undefined ? undefined : facts.model.env[name];
  if (name === undefined || value === undefined || !/expandable_segments\s*:\s*True/i.test(value)) return NO_FINDINGS;
  if (valueOf(facts, "--kv-transfer-config") === undefined) return NO_FINDINGS;
  return refused(
    envPath(facts, name),
    value,
    "and a KV connector exclude each other, vLLM does not start with both",
    "Leave expandable_segments out, or the cache.",
  );
}

/** Settings of LMCache come from the cache settings; what people add is checked against its version. */
function checkLmcache(facts: EngineFacts): Findings {
  const given = Object.entries(facts.model.env).filter(
    ([name]) => name.startsWith("LMCACHE_") && !LMCACHE_EXTRA.includes(name),
  );
  const [first] = given;
  if (first === undefined) return NO_FINDINGS;
  if (facts.cache === null) {
    return refused(
      envPath(facts, first[0]),
      first[1],
      "does nothing while the cache is off",
      `Set cache: { kind: lmcache, … }, or leave it out.`,
    );
  }
  const planned = facts.pod.env.flatMap((variable) =>
    variable.name.startsWith("LMCACHE_") && !LMCACHE_EXTRA.includes(variable.name) && "value" in variable
      ? [[variable.name.slice("LMCACHE_".length).toLowerCase(), variable.value] as const]
      : [],
  );
  const version = lmcacheVersionOf(facts.pod.image);
  return mergeFindings(
    ...checkLmcacheSettings(Object.fromEntries(planned), version).map(({ severity, key, rule, remedy }) => {
      const name = `LMCACHE_${key.toUpperCase()}`;
      return severity === "error"
        ? refused(envPath(facts, name), facts.model.env[name], rule, remedy)
        : warned(envPath(facts, name), `${name} ${rule}. ${remedy}`);
    }),
  );
}

/** Rules about environment variables. */
export const ENVIRONMENT_RULES: readonly Rule[] = [
  { id: "no-secrets", checks: "No value of env is a secret.", runtimes: ALL, check: checkSecrets },
  { id: "owned-variables", checks: "env sets nothing the stack sets.", runtimes: ALL, check: checkOwnedVariables },
  { id: "known-variables", checks: "env has no dead, dangerous or mistyped names.", runtimes: VLLM, check: checkNames },
  {
    id: "allocator",
    checks: "No expandable segments beside a KV connector.",
    runtimes: ["cuda"],
    check: checkAllocator,
  },
  { id: "lmcache-variables", checks: "LMCACHE_… are settings LMCache has.", runtimes: VLLM, check: checkLmcache },
];
