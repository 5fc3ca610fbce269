import type { Labels } from "./types.ts";

/** Parts of a stack, as they stand in the label `vllm-stack/component`. */
export type Component = "engine" | "router" | "front" | "cache" | "prometheus" | "grafana" | "device-plugin";

/** Port of the OpenAI API on engines, routers and the front; one number, so that discovery and probes can't disagree. */
export const API_PORT = 8000;

/** The namespace of a stack; its name keeps several stacks on one cluster apart. */
export function namespaceOf(environment: string): string {
  return `vllm-${environment}`;
}

/** Name of a component's objects: `engine-llama-70b`, `front`. */
export function nameOf(component: Component, model?: string): string {
  return model === undefined ? component : `${component}-${model}`;
}

/**
 * The selector of a component's pods: small and never changed, because a Deployment's selector is immutable.
 * The environment is part of it: two stacks never discover each other's engines.
 */
export function selectorOf(environment: string, component: Component, model?: string): Labels {
  return {
    "vllm-stack/environment": environment,
    "vllm-stack/component": component,
    ...(model === undefined ? {} : { "vllm-stack/model": model }),
  };
}

/** The labels of a component's objects and pods. */
export function labelsOf(environment: string, component: Component, model?: string): Labels {
  return {
    ...selectorOf(environment, component, model),
    "app.kubernetes.io/name": nameOf(component, model),
    "app.kubernetes.io/instance": environment,
    "app.kubernetes.io/part-of": "vllm-stack",
  };
}

/** Host name of a component's Service, complete: routers accept dotted names and addresses only. */
export function hostOf(environment: string, component: Component, model?: string): string {
  return `${nameOf(component, model)}.${namespaceOf(environment)}.svc.cluster.local`;
}

/** A selector as command lines and the API take it: `a=b,c=d`. */
export function formatSelector(selector: Labels): string {
  return Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

/** Names of the Kubernetes Secrets of a stack and of their keys. */
export const SECRETS = {
  /** The key engines ask for; only the front and the routers hold it. */
  engineKey: { name: "engine-key", key: "key" },
  huggingFace: { name: "hugging-face", key: "token" },
  /** SHA-256 digests of the clients' keys. */
  apiKeys: { name: "api-keys", key: "digests.json" },
  grafana: { name: "grafana-admin", key: "password" },
} as const;
