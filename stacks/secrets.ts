import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConfiguredSecret } from "../components/serving/secrets.ts";

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
