import { labelsOf, nameOf, selectorOf } from "../../planning/names.ts";
import type { Component } from "../../planning/names.ts";
import type { PodPlan, WorkloadPlan } from "../../planning/types.ts";

/** Environment of the plans in these tests. */
export const ENVIRONMENT = "test";

const POD: PodPlan = {
  container: "main",
  image: "example.com/image:1.0.0",
  pullPolicy: "IfNotPresent",
  pullSecrets: [],
  command: null,
  args: null,
  env: [],
  ports: [{ name: "http", port: 8000 }],
  probes: {
    readiness: { http: { path: "/health", port: "http" }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3 },
  },
  resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "256Mi" } },
  mounts: [],
  security: { runAsUser: 2000, runAsGroup: 2000, fsGroup: 2000, readOnlyRootFilesystem: true },
  nodeSelector: {},
  tolerations: [],
  runtimeClass: null,
  preStopSeconds: 0,
  terminationGracePeriodSeconds: 30,
  annotations: {},
};

/** A workload as planners make it, with what a test wants to see set. */
export function workloadPlan(
  component: Component,
  options: { readonly model?: string; readonly pod?: Partial<PodPlan>; readonly set?: Partial<WorkloadPlan> } = {},
): WorkloadPlan {
  const { model } = options;
  return {
    name: nameOf(component, model),
    labels: labelsOf(ENVIRONMENT, component, model),
    selector: selectorOf(ENVIRONMENT, component, model),
    replicas: 2,
    pod: { ...POD, ...options.pod },
    service: { ports: [{ name: "http", port: 8000, target: "http" }] },
    rollout: { maxSurge: 1, maxUnavailable: 0, progressDeadlineSeconds: 600 },
    disruption: { maxUnavailable: 1 },
    apiAccess: [],
    files: {},
    claims: [],
    timeoutSeconds: 900,
    ...options.set,
  };
}
