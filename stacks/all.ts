import { clusterOutputs, kubeconfigOf, makeCluster } from "./cluster.ts";
import type { StackContext } from "./environment.ts";
import type { Outputs } from "./outputs.ts";
import { makeServing } from "./serving.ts";

/** The program of a stack with `layer: { kind: all }`: the cluster and everything on it. */
export async function allStack(context: StackContext): Promise<Outputs> {
  const cluster = makeCluster(context, kubeconfigOf(context));
  return { ...(await makeServing(context, cluster)), ...clusterOutputs(context, cluster) };
}
