import { Environment, SECRET_KEYS } from "./environment.ts";
import { EnvironmentError, problemsOf } from "./problems.ts";

/** What stands for the value of a secret in an {@link Environment}. */
export const SECRET_PLACEHOLDER = "[secret]";

/** Prefix of the project's keys in a stack's configuration. */
export const PREFIX = "vllm-stack:";

/**
 * Parses the settings of an environment.
 *
 * @param name what messages call it, for example `environments/Pulumi.local.yaml`
 * @param settings the settings without the prefix `vllm-stack:`
 * @throws {@link EnvironmentError} with every problem at once
 */
export function parseEnvironment(name: string, settings: Readonly<Record<string, unknown>>): Environment {
  const input = withoutSecrets(settings);
  const result = Environment.safeParse(input);
  if (result.success) return result.data;
  throw new EnvironmentError(name, problemsOf(result.error, Environment, input));
}

/**
 * Reads settings from a stack's configuration as the engine hands it to programs: every value is a string,
 * objects are JSON. Keys of other projects (`aws:region`) are left alone.
 */
export function settingsOfConfig(config: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), fromConfigValue(value)]));
}

function fromConfigValue(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** Puts the placeholder where secrets stand, so that no later message or plan can hold one. */
function withoutSecrets(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const hidden = Object.fromEntries(
    SECRET_KEYS.filter((key) => key in settings).map((key) => [key, hide(settings[key])]),
  );
  const cluster = settings.cluster;
  return {
    ...settings,
    ...hidden,
    ...(isRecord(cluster) && "kubeconfig" in cluster
      ? { cluster: { ...cluster, kubeconfig: hide(cluster.kubeconfig) } }
      : {}),
  };
}

/** A secret is a string, `{ secure: … }`, or a map of them; an empty one stays empty and is refused by the schema. */
function hide(value: unknown): unknown {
  if (typeof value === "string") return value === "" ? "" : SECRET_PLACEHOLDER;
  if (typeof value === "number") return SECRET_PLACEHOLDER;
  if (!isRecord(value)) return value;
  if (typeof value.secure === "string") return SECRET_PLACEHOLDER;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(inner)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
