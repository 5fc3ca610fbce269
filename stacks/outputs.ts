import * as pulumi from "@pulumi/pulumi";
import type { Serving } from "../components/serving/serving.ts";
import { SECRETS } from "../planning/names.ts";
import type { EnginePlan, Plan } from "../planning/types.ts";

/** Outputs of a stack, by name. */
export type Outputs = Record<string, pulumi.Input<unknown>>;

/** One model of the output `models`. */
export interface ModelOutput {
  /** What clients ask for. */
  readonly servedName: string;
  readonly replicas: number;
  /** GPUs of all replicas. */
  readonly gpus: number;
  /** Whether the model fits its GPUs; null where there are none to fit into. */
  readonly verdict: string | null;
}

/** What a stack tells about what it serves. Everything secret is a secret output. */
export function servingOutputs(plan: Plan, serving: Serving): Outputs {
  const grafanaUrl = plan.observability?.grafanaUrl ?? null;
  const grafanaPassword = serving.secrets.value(SECRETS.grafana.name, SECRETS.grafana.key);
  return {
    endpoint: plan.front.endpoint,
    ...(plan.observability === null ? {} : { prometheusUrl: plan.observability.prometheusUrl }),
    ...(grafanaUrl === null ? {} : { grafanaUrl }),
    models: plan.engines.map(modelOutput),
    cost: { perHour: plan.cost.perHour, budgetPerHour: plan.cost.budgetPerHour, unpriced: plan.cost.unpriced },
    apiKeys: serving.secrets.apiKeys,
    ...(grafanaPassword === undefined ? {} : { grafanaPassword }),
    nextSteps: nextSteps(plan),
  };
}

function modelOutput({ servedName, workload, gpusPerReplica, fit }: EnginePlan): ModelOutput {
  return {
    servedName,
    replicas: workload.replicas,
    gpus: workload.replicas * gpusPerReplica,
    verdict: fit === null ? null : fit.verdict,
  };
}

/** The three commands a person runs next. */
function nextSteps({ environment, namespace, front }: Plan): string[] {
  const models = "curl http://127.0.0.1:8000/v1/models";
  const isOpen = front.keys.length === 0;
  return [
    ...(isOpen ? [`kubectl --namespace ${namespace} get pods`] : []),
    ...(isOpen ? [] : [`pulumi stack output apiKeys --show-secrets --stack ${environment}`]),
    `npm run connect -- ${environment}`,
    isOpen ? models : `${models} --header "Authorization: Bearer $KEY"`,
  ];
}
