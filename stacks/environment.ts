import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../environments/schema/environment.ts";
import { parseEnvironment, settingsOfConfig } from "../environments/schema/load.ts";
import { EnvironmentError } from "../environments/schema/problems.ts";
import { plan } from "../planning/plan.ts";
import type { Plan } from "../planning/types.ts";
import { requireContext } from "./observe.ts";
import { refuseEqualKeys } from "./secrets.ts";

/** What a stack's program works with. */
export interface StackContext {
  /** Name of the environment, which is the stack's. */
  readonly name: string;
  readonly environment: Environment;
  readonly plan: Plan;
}

/** The settings of this stack below `vllm-stack:`, as they stand in its file; secrets are in clear. */
export function stackSettings(): Record<string, unknown> {
  return settingsOfConfig(pulumi.runtime.allConfig());
}

/**
 * Parses and plans this stack's environment, and passes the plan's warnings on.
 *
 * @param settings as {@link stackSettings} gives them
 * @throws pulumi.RunError with every problem at once, before any resource is registered
 */
export async function readContext(settings: Readonly<Record<string, unknown>>): Promise<StackContext> {
  const name = pulumi.getStack();
  const context = await refusing(() => {
    const file = environmentFile(name);
    const environment = parseEnvironment(file, settings);
    refuseEqualKeys(file, settings);
    const context = { name, environment, plan: plan(name, environment) };
    if (context.plan.cluster.context !== null) requireContext(file, context.plan.cluster.context);
    return context;
  });
  for (const { path, text } of context.plan.warnings) await pulumi.log.warn(`${path}: ${text}`);
  return context;
}

/** Name of a stack's environment in messages. */
export function environmentFile(stack: string): string {
  return `environments/Pulumi.${stack}.yaml`;
}

/** Turns what is wrong with an environment into an error that the engine prints without a stack trace. */
export async function refusing<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof EnvironmentError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
