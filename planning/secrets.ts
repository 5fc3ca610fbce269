import type { Environment } from "../environments/schema/environment.ts";
import { SECRETS } from "./names.ts";
import type { SecretEntry, SecretPlan } from "./types.ts";

/** Characters of a generated secret. Letters and digits alone carry 5.9 bits each: 238 bits for a key. */
const KEY_LENGTH = 40;
const PASSWORD_LENGTH = 24;

/**
 * The Kubernetes Secrets of a stack: names and sources, never values.
 * A Hugging Face token is there only if the environment has one, and digests only if anybody needs a key.
 */
export function planSecrets(environment: Environment): SecretPlan[] {
  const { access, apiKeys, huggingFaceToken, observability, grafanaPassword } = environment;
  return [
    secret(SECRETS.engineKey, { kind: "generated", resource: SECRETS.engineKey.name, length: KEY_LENGTH }),
    ...(access.keys.length === 0
      ? []
      : [
          secret(SECRETS.apiKeys, {
            kind: "apiKeyDigests",
            keys: access.keys.map(({ name }) => ({ name, from: name in apiKeys ? "config" : "generated" })),
          }),
        ]),
    ...(huggingFaceToken === undefined
      ? []
      : [secret(SECRETS.huggingFace, { kind: "config", configKey: "huggingFaceToken" })]),
    ...(observability.mode === "bundled" && observability.grafana.enabled
      ? [
          secret(
            SECRETS.grafana,
            grafanaPassword === undefined
              ? { kind: "generated", resource: SECRETS.grafana.name, length: PASSWORD_LENGTH }
              : { kind: "config", configKey: "grafanaPassword" },
          ),
        ]
      : []),
  ];
}

function secret({ name, key }: { name: string; key: string }, source: SecretEntry["source"]): SecretPlan {
  return { name, entries: [{ key, source }] };
}
