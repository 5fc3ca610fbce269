import { Layer } from "./environments/schema/layer.ts";
import { allStack } from "./stacks/all.ts";
import { clusterStack } from "./stacks/cluster.ts";
import { readContext, stackSettings } from "./stacks/environment.ts";
import type { Outputs } from "./stacks/outputs.ts";
import { servingStack } from "./stacks/serving.ts";

/**
 * The program of every stack: reads its configuration, plans, and makes the layer the configuration names.
 * It runs under `pulumi up` (main.js) and as an inline program of the Automation API alike.
 *
 * @returns the stack's outputs
 * @throws pulumi.RunError with everything that is wrong with the environment, before any resource is registered
 */
export async function program(): Promise<Outputs> {
  const settings = stackSettings();
  const layer = Layer.safeParse(settings.layer);
  if (layer.success && layer.data.kind === "serving") return await servingStack(settings, layer.data.clusterStack);
  const context = await readContext(settings);
  return context.environment.layer.kind === "cluster" ? clusterStack(context) : await allStack(context);
}
