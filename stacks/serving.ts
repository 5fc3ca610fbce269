import * as pulumi from "@pulumi/pulumi";
import type { Cluster } from "../components/cluster.ts";
import { stackLabels } from "../components/kubernetes/namespace.ts";
import { BundledObservability } from "../components/observability/bundled.ts";
import { Serving } from "../components/serving/serving.ts";
import { EnvironmentError } from "../environments/schema/problems.ts";
import type { ObservabilityPlan, Plan } from "../planning/types.ts";
import { reachCluster } from "./cluster.ts";
import { environmentFile, readContext, refusing } from "./environment.ts";
import type { StackContext } from "./environment.ts";
import { inheritCluster } from "./handover.ts";
import { servingOutputs } from "./outputs.ts";
import type { Outputs } from "./outputs.ts";
import { configuredSecret } from "./secrets.ts";

/** Serves the models of an environment on a cluster. */
export async function makeServing({ plan }: StackContext, cluster: Cluster): Promise<Outputs> {
  const serving = new Serving("serving", { plan, cluster, configured: configuredSecret });
  if (plan.observability !== null) await observe(plan, plan.observability, serving, cluster);
  return servingOutputs(plan, serving);
}

async function observe(
  plan: Plan,
  observability: ObservabilityPlan,
  serving: Serving,
  cluster: Cluster,
): Promise<void> {
  new BundledObservability(
    "observability",
    {
      plan: observability,
      namespace: serving.namespace,
      labels: stackLabels(plan.environment),
      secrets: serving.secrets.handles,
      policies: serving.policies,
      ready: cluster.ready,
      dashboards: observability.grafana === null ? {} : await dashboards(),
    },
    { providers: [cluster.provider] },
  );
}

/** Loaded only when there is a Grafana: the dashboards' SDK would slow every other preview down. */
async function dashboards(): Promise<Record<string, string>> {
  const { overviewDashboard } = await import("../components/observability/dashboards/overview.ts");
  const { dashboardFile } = await import("../components/observability/dashboards/queries.ts");
  return { "overview.json": dashboardFile(overviewDashboard()) };
}

/**
 * The program of a stack with `layer: { kind: serving }`: the cluster is what another stack hands over.
 *
 * @param settings this stack's settings
 * @param clusterStack `organization/project/stack`
 */
export async function servingStack(
  settings: Readonly<Record<string, unknown>>,
  clusterStack: string,
): Promise<Outputs> {
  await refusing(() => {
    if (settings.cluster === undefined) return;
    throw new EnvironmentError(environmentFile(pulumi.getStack()), [
      {
        path: "cluster",
        rule: `comes from ${clusterStack} (layer.clusterStack)`,
        remedy: "Remove the section here and change it there, or set layer: { kind: all }.",
      },
    ]);
  });
  const inherited = await inheritCluster(clusterStack);
  const context = withIdentity(await readContext({ ...settings, cluster: inherited.section }), inherited.identity);
  return await makeServing(context, reachCluster(context.plan, inherited.kubeconfig));
}

/** The cluster keeps the identity it has in its own stack; another one would replace every resource. */
function withIdentity(context: StackContext, identity: string): StackContext {
  return { ...context, plan: { ...context.plan, cluster: { ...context.plan.cluster, identity } } };
}
