import * as pulumi from "@pulumi/pulumi";
import { DevicePlugin } from "../../components/accelerator/device-plugin.ts";
import { ExistingCluster } from "../../components/existing/cluster.ts";
import { stackLabels } from "../../components/kubernetes/namespace.ts";
import { BundledObservability } from "../../components/observability/bundled.ts";
import { Serving } from "../../components/serving/serving.ts";
import type { Plan } from "../../planning/types.ts";
import { ofType, record } from "./mocks.ts";
import type { Recording, Registration, RunOptions } from "./mocks.ts";
import { listAt, objectAt } from "./values.ts";
import type { PlainObject } from "./values.ts";

/** Secrets as the configuration of {@link recordPlan} has them, by `key` or `key.property`. */
export const CONFIGURED: Readonly<Record<string, string>> = {
  huggingFaceToken: "hf_configured",
  "apiKeys.alice": "sk-alice-configured",
};

/** Runs every component of a plan: cluster, device plugin, serving and observability. */
export function recordPlan(
  plan: Plan,
  options: RunOptions & { readonly secrets?: Readonly<Record<string, string>> } = {},
): Promise<Recording> {
  const secrets = { ...CONFIGURED, ...options.secrets };
  const configured = (key: string, property?: string) => {
    const path = property === undefined ? key : `${key}.${property}`;
    const value = secrets[path];
    if (value === undefined) throw new Error(`the configuration has no ${path}`);
    return pulumi.secret(value);
  };
  return record(() => {
    const existing = new ExistingCluster("cluster", { plan: plan.cluster, pools: plan.pools, kubeconfig: KUBECONFIG });
    const { identity, kubeconfig, provider, gpuPools, storage } = existing;
    const providers = [provider];
    const labels = stackLabels(plan.environment);
    const ready =
      plan.devicePlugin === null
        ? []
        : [new DevicePlugin("device-plugin", { plan: plan.devicePlugin, labels }, { providers })];
    const cluster = { identity, kubeconfig, provider, gpuPools, storage, ready };
    const serving = new Serving("serving", { plan, cluster, configured });
    if (plan.observability !== null) {
      const { namespace, secrets: made, policies } = serving;
      const common = { namespace, secrets: made.handles, policies, ready };
      new BundledObservability(
        "observability",
        { ...common, plan: plan.observability, labels, dashboards: { "overview.json": "{}" } },
        { providers },
      );
    }
    return { apiKeys: serving.secrets.apiKeys };
  }, options);
}

/** The kubeconfig {@link recordPlan} hands to the cluster. */
export const KUBECONFIG = "apiVersion: v1\nkind: Config\n";

/** The Deployments of a run. */
export function deployments(recording: Recording): Registration[] {
  return ofType(recording, "kubernetes:apps/v1:Deployment");
}

/** The pod of a Deployment. */
export function podOf(deployment: Registration): PlainObject {
  return objectAt(deployment.inputs, "spec", "template", "spec");
}

/** The containers of a Deployment's pod. */
export function containersOf(deployment: Registration): readonly unknown[] {
  return listAt(podOf(deployment), "containers");
}

/** Annotations of a Deployment's pods. */
export function podAnnotations(deployment: Registration): PlainObject {
  return objectAt(deployment.inputs, "spec", "template", "metadata", "annotations");
}
