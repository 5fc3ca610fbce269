import * as pulumi from "@pulumi/pulumi";
import { Deployment } from "@pulumi/kubernetes/apps/v1/index.js";
import { ConfigMap, PersistentVolumeClaim, Service, ServiceAccount } from "@pulumi/kubernetes/core/v1/index.js";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1/index.js";
import { Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1/index.js";
import type { meta } from "@pulumi/kubernetes/types/input.js";
import type { ClaimPlan, ServicePort, WorkloadPlan } from "../../planning/types.ts";
import { contentHash } from "./hash.ts";
import type { NamespaceHandle } from "./namespace.ts";
import { configNameOf, podTemplate, secretsOf } from "./pod.ts";

/** A Secret, and a value that changes when its content does and tells nothing about it. */
export interface SecretHandle {
  readonly resource: pulumi.Resource;
  readonly version: pulumi.Output<string>;
}

/** Arguments of {@link Workload}. */
export interface WorkloadArgs {
  /** Everything there is to know about the workload; nothing is decided here. */
  readonly plan: WorkloadPlan;
  readonly namespace: NamespaceHandle;
  /** Secrets of the namespace by name. Pods wait for those they read and roll out when one of them changes. */
  readonly secrets: Readonly<Record<string, SecretHandle>>;
  /** What else the pods must not start before: their network policies, what they connect to. */
  readonly waitFor?: readonly pulumi.Resource[];
}

type NamedSecret = readonly [name: string, handle: SecretHandle];

/**
 * One Deployment and all it needs: ServiceAccount, Role, ConfigMap, claims, Service and disruption budget.
 * All names are fixed, because workloads find each other by name; `up` waits for the Deployment alone.
 */
export class Workload extends pulumi.ComponentResource {
  readonly deployment: Deployment;

  readonly #plan: WorkloadPlan;
  readonly #namespace: NamespaceHandle;

  /**
   * @param type the Pulumi type token of the part it is, for example `vllm-stack:serving:Engine`
   * @param name name of the resource; children are named `<name>-<suffix>`
   */
  constructor(type: string, name: string, args: WorkloadArgs, opts: pulumi.ComponentResourceOptions) {
    super(type, name, {}, opts);
    this.#plan = args.plan;
    this.#namespace = args.namespace;

    const account = this.#serviceAccount(name);
    const access = args.plan.apiAccess.length > 0 ? [this.#roleBinding(name, this.#role(name), account)] : [];
    const config = Object.keys(args.plan.files).length > 0 ? [this.#config(name)] : [];
    const claims = args.plan.claims.map((claim) => this.#claim(name, claim));
    const secrets = this.#secrets(args);
    const needs = [account, ...access, ...config, ...claims, ...secrets.map(([, { resource }]) => resource)];
    this.deployment = this.#deployment(name, [...needs, ...(args.waitFor ?? [])], secrets);
    if (args.plan.service !== null) this.#service(name, args.plan.service.ports);
    if (args.plan.disruption !== null) this.#disruptionBudget(name, args.plan.disruption.maxUnavailable);

    this.registerOutputs({ deployment: this.deployment.metadata.name });
  }

  #serviceAccount(name: string): ServiceAccount {
    return new ServiceAccount(
      `${name}-service-account`,
      { metadata: this.#metadata(), automountServiceAccountToken: this.#plan.apiAccess.length > 0 },
      this.#child(),
    );
  }

  #role(name: string): Role {
    const rules = this.#plan.apiAccess.map(({ apiGroups, resources, verbs }) => ({
      apiGroups: [...apiGroups],
      resources: [...resources],
      verbs: [...verbs],
    }));
    return new Role(`${name}-role`, { metadata: this.#metadata(), rules }, this.#child());
  }

  #roleBinding(name: string, role: Role, account: ServiceAccount): RoleBinding {
    return new RoleBinding(
      `${name}-role-binding`,
      {
        metadata: this.#metadata(),
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: this.#plan.name },
        subjects: [{ kind: "ServiceAccount", name: this.#plan.name, namespace: this.#namespace.name }],
      },
      this.#child([role, account]),
    );
  }

  #config(name: string): ConfigMap {
    return new ConfigMap(
      `${name}-config`,
      { metadata: this.#metadata(configNameOf(this.#plan)), data: { ...this.#plan.files } },
      this.#child(),
    );
  }

  #claim(name: string, claim: ClaimPlan): PersistentVolumeClaim {
    return new PersistentVolumeClaim(
      `${name}-claim-${claim.name}`,
      {
        metadata: this.#metadata(claim.name),
        spec: {
          accessModes: [claim.accessMode],
          resources: { requests: { storage: claim.size } },
          ...(claim.storageClass === null ? {} : { storageClassName: claim.storageClass }),
        },
      },
      this.#child(),
    );
  }

  /** The Secrets the pods read. One that this stack doesn't make is somebody else's to create and to rotate. */
  #secrets({ secrets }: WorkloadArgs): NamedSecret[] {
    return secretsOf(this.#plan.pod).flatMap((secret) => {
      const handle = secrets[secret];
      return handle === undefined ? [] : [[secret, handle] as const];
    });
  }

  #deployment(name: string, needs: readonly pulumi.Resource[], secrets: readonly NamedSecret[]): Deployment {
    const plan = this.#plan;
    const timeout = `${plan.timeoutSeconds}s`;
    return new Deployment(
      `${name}-deployment`,
      {
        metadata: {
          ...this.#metadata(),
          annotations: {
            "pulumi.com/timeoutSeconds": String(plan.timeoutSeconds),
            // The plan owns every field it sets: what `kubectl scale` or `rollout undo` took over comes back with the next up.
            "pulumi.com/patchForce": "true",
          },
        },
        spec: {
          replicas: plan.replicas,
          revisionHistoryLimit: 3,
          progressDeadlineSeconds: plan.rollout.progressDeadlineSeconds,
          strategy: {
            type: "RollingUpdate",
            rollingUpdate: { maxSurge: plan.rollout.maxSurge, maxUnavailable: plan.rollout.maxUnavailable },
          },
          selector: { matchLabels: { ...plan.selector } },
          template: podTemplate(plan, this.#rolloutAnnotations(secrets)),
        },
      },
      {
        ...this.#child(needs),
        customTimeouts: { create: timeout, update: timeout },
      },
    );
  }

  /** What changes with the content of files and Secrets, which Kubernetes itself doesn't roll out. */
  #rolloutAnnotations(secrets: readonly NamedSecret[]): Record<string, pulumi.Input<string>> {
    const { files } = this.#plan;
    const versions = secrets.map(([secret, { version }]) => [`vllm-stack/secret-version-${secret}`, version] as const);
    return {
      ...(Object.keys(files).length === 0 ? {} : { "vllm-stack/config-hash": contentHash(files) }),
      ...Object.fromEntries(versions),
    };
  }

  #service(name: string, ports: readonly ServicePort[]): Service {
    return new Service(
      `${name}-service`,
      {
        metadata: {
          ...this.#metadata(),
          // Its Deployment is awaited already; waiting for the endpoints as well takes ten seconds more.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: {
          type: "ClusterIP",
          selector: { ...this.#plan.selector },
          ports: ports.map(({ name: port, port: number, target }) => ({
            name: port,
            port: number,
            targetPort: target,
            protocol: "TCP",
          })),
        },
      },
      this.#child(),
    );
  }

  #disruptionBudget(name: string, maxUnavailable: number): PodDisruptionBudget {
    return new PodDisruptionBudget(
      `${name}-disruption-budget`,
      {
        metadata: this.#metadata(),
        spec: {
          maxUnavailable,
          selector: { matchLabels: { ...this.#plan.selector } },
          // Engines load for minutes; the upgrade of a node must not wait for one that isn't serving anyway.
          unhealthyPodEvictionPolicy: "AlwaysAllow",
        },
      },
      this.#child(),
    );
  }

  #metadata(name: string = this.#plan.name): meta.v1.ObjectMeta {
    return { name, namespace: this.#namespace.name, labels: { ...this.#plan.labels } };
  }

  #child(dependsOn: readonly pulumi.Resource[] = []): pulumi.CustomResourceOptions {
    return { parent: this, dependsOn: [this.#namespace.resource, ...dependsOn] };
  }
}
