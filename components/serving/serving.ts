import * as pulumi from "@pulumi/pulumi";
import type { Plan, WorkloadPlan } from "../../planning/types.ts";
import type { Cluster } from "../cluster.ts";
import { restrictedNamespace, stackLabels } from "../kubernetes/namespace.ts";
import type { NamespaceHandle } from "../kubernetes/namespace.ts";
import { NetworkPolicies } from "../kubernetes/network-policies.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";
import { CacheServer } from "./cache-server.ts";
import { Engine } from "./engine.ts";
import { Front } from "./front.ts";
import { Router } from "./router.ts";
import { Secrets } from "./secrets.ts";
import type { ConfiguredSecret } from "./secrets.ts";

/** Arguments of {@link Serving}. */
export interface ServingArgs {
  readonly plan: Plan;
  readonly cluster: Cluster;
  readonly configured: ConfiguredSecret;
}

/**
 * Everything on the path of a request: engines, a router per model, the front, and the cache server if there is one,
 * in a namespace of their own with its Secrets and network policies.
 */
export class Serving extends pulumi.ComponentResource {
  readonly namespace: NamespaceHandle;
  readonly secrets: Secrets;
  readonly policies: NetworkPolicies;
  readonly engines: readonly Engine[];
  readonly routers: readonly Router[];
  readonly front: Front;

  readonly #cluster: Cluster;

  constructor(name: string, args: ServingArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("vllm-stack:serving:Serving", name, {}, { ...opts, providers: [args.cluster.provider] });
    const { plan } = args;
    this.#cluster = args.cluster;
    const labels = stackLabels(plan.environment);

    this.namespace = restrictedNamespace(`${name}-namespace`, plan.namespace, labels, { parent: this });
    this.policies = new NetworkPolicies(
      `${name}-policies`,
      { namespace: this.namespace, labels, flows: plan.flows, workloads: workloadsOf(plan) },
      { parent: this },
    );
    this.secrets = new Secrets(
      `${name}-secrets`,
      { plan: plan.secrets, namespace: this.namespace, labels, configured: args.configured },
      { parent: this },
    );
    const cache = this.#cacheServer(name, plan);
    this.engines = plan.engines.map((engine) => this.#engine(name, engine, cache));
    this.routers = plan.routers.map((router) => this.#router(name, router));
    this.front = this.#front(name, plan.front);

    this.registerOutputs({ endpoint: plan.front.endpoint });
  }

  #cacheServer(name: string, { cacheServer }: Plan): CacheServer[] {
    if (cacheServer === null) return [];
    return [new CacheServer(`${name}-cache`, { ...this.#common(cacheServer), plan: cacheServer }, { parent: this })];
  }

  #engine(name: string, plan: Plan["engines"][number], cache: readonly CacheServer[]): Engine {
    return new Engine(
      `${name}-engine-${plan.model}`,
      { ...this.#common(plan.workload, cache), plan },
      { parent: this },
    );
  }

  #router(name: string, plan: Plan["routers"][number]): Router {
    return new Router(`${name}-router-${plan.model}`, { ...this.#common(plan.workload), plan }, { parent: this });
  }

  /** nginx resolves the routers' names when it starts, so their Services come first. Engines may still be loading. */
  #front(name: string, plan: Plan["front"]): Front {
    return new Front(`${name}-front`, { ...this.#common(plan.workload, this.routers), plan }, { parent: this });
  }

  #common({ name }: WorkloadPlan, waitFor: readonly pulumi.Resource[] = []): Omit<WorkloadArgs, "plan"> {
    return {
      namespace: this.namespace,
      secrets: this.secrets.handles,
      waitFor: [...this.#cluster.ready, ...this.policies.of(name), ...waitFor],
    };
  }
}

/** All workloads of a plan: what network policies are made for. */
export function workloadsOf(plan: Plan): WorkloadPlan[] {
  return [
    ...plan.engines.map(({ workload }) => workload),
    ...plan.routers.map(({ workload }) => workload),
    plan.front.workload,
    plan.cacheServer,
    plan.observability?.prometheus ?? null,
    plan.observability?.grafana ?? null,
  ].filter((workload) => workload !== null);
}
