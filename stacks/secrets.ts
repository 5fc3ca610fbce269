import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConfiguredSecret } from "../components/serving/secrets.ts";
import { EnvironmentError, formatPath } from "../environments/schema/problems.ts";

const PROJECT = "vllm-stack";

/** A text; a key of digits alone is a number in YAML. */
const Text = z.union([z.string(), z.number()]).transform(String);

/** Secrets of the stack's configuration as outputs. They are read here, never parsed into an environment or a plan. */
export const configuredSecret: ConfiguredSecret = (configKey, property) => {
  const config = new pulumi.Config(PROJECT);
  if (property === undefined) return config.requireSecret(configKey);
  return config.requireSecretObject<unknown>(configKey).apply((value) => entryOf(configKey, property, value));
};

/** The kubeconfig in `cluster.kubeconfig`. A secret. */
export function configuredKubeconfig(): pulumi.Output<string> {
  return configuredSecret("cluster", "kubeconfig");
}

/**
 * Refuses two API keys of the configuration with one value: the front tells callers apart by it. Only the program of a
 * stack can see this, because an environment has a placeholder in place of each value.
 *
 * @param file what messages call the environment
 * @param settings as the engine gives them, in clear
 * @throws {@link EnvironmentError} which names the keys and repeats no value
 */
export function refuseEqualKeys(file: string, settings: Readonly<Record<string, unknown>>): void {
  const { apiKeys } = settings;
  if (typeof apiKeys !== "object" || apiKeys === null) return;
  const seen = new Map<string, string>();
  const problems = Object.entries(apiKeys).flatMap(([name, value]: [string, unknown]) => {
    const other = seen.get(String(value));
    seen.set(String(value), other ?? name);
    const path = formatPath(["apiKeys", name]);
    const rule = `has the same value as ${formatPath(["apiKeys", other ?? ""])}`;
    return other === undefined ? [] : [{ path, rule, remedy: "Give each key a value of its own." }];
  });
  if (problems.length > 0) throw new EnvironmentError(file, problems);
}

function entryOf(configKey: string, property: string, value: unknown): string {
  const holder: unknown =
    typeof value === "object" && value !== null ? (Reflect.get(value, property) as unknown) : undefined;
  const text = Text.safeParse(holder);
  if (text.success) return text.data;
  throw new pulumi.RunError(
    `${configKey}.${property}: – is not a text. ` +
      `Set it with \`pulumi config set --secret --path '${PROJECT}:${configKey}.${property}'\`.`,
  );
}
