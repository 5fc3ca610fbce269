import * as pulumi from "@pulumi/pulumi";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/index.js";
import type { Labels, ObservabilityPlan, WorkloadPlan } from "../../planning/types.ts";
import type { NetworkPolicies } from "../kubernetes/network-policies.ts";
import { Workload } from "../kubernetes/workload.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";

/** Arguments of {@link BundledObservability}. */
export interface BundledObservabilityArgs extends Pick<WorkloadArgs, "namespace" | "secrets"> {
  readonly plan: ObservabilityPlan;
  readonly policies: NetworkPolicies;
  /** Labels of the dashboards' ConfigMap. */
  readonly labels: Labels;
  /** What no pod must start before. */
  readonly ready: readonly pulumi.Resource[];
  /** Files of Grafana's dashboards by name; read only if the plan has a Grafana. */
  readonly dashboards: Readonly<Record<string, string>>;
}

/** A Prometheus, and a Grafana with its datasource and dashboards, of this stack alone. */
export class BundledObservability extends pulumi.ComponentResource {
  readonly prometheus: Workload;
  readonly grafana: Workload | undefined;

  constructor(name: string, args: BundledObservabilityArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:observability:Bundled", name, {}, opts);
    this.prometheus = new Workload(
      "vllm-stack:observability:Prometheus",
      `${name}-prometheus`,
      common(args, args.plan.prometheus),
      { parent: this },
    );
    this.grafana = args.plan.grafana === null ? undefined : this.#grafana(name, args, args.plan.grafana);
    this.registerOutputs({});
  }

  #grafana(name: string, args: BundledObservabilityArgs, plan: WorkloadPlan): Workload {
    const maps = dashboardMaps(plan).map((mapName) => this.#dashboards(name, mapName, args));
    return new Workload("vllm-stack:observability:Grafana", `${name}-grafana`, common(args, plan, maps), {
      parent: this,
    });
  }

  /** Grafana reads changed files by itself, so they don't roll it out. */
  #dashboards(name: string, mapName: string, args: BundledObservabilityArgs): ConfigMap {
    return new ConfigMap(
      `${name}-${mapName}`,
      {
        metadata: { name: mapName, namespace: args.namespace.name, labels: { ...args.labels } },
        data: { ...args.dashboards },
      },
      { parent: this, dependsOn: args.namespace.resource },
    );
  }
}

/** ConfigMaps Grafana's pod mounts that no workload owns: the plan has one, for the dashboards. */
function dashboardMaps(plan: WorkloadPlan): string[] {
  return plan.pod.mounts.flatMap(({ source }) => (source.kind === "configMap" ? [source.name] : []));
}

function common(
  { namespace, secrets, policies, ready }: BundledObservabilityArgs,
  plan: WorkloadPlan,
  waitFor: readonly pulumi.Resource[] = [],
): WorkloadArgs {
  return { plan, namespace, secrets, waitFor: [...ready, ...policies.of(plan.name), ...waitFor] };
}
