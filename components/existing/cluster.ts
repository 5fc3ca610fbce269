import * as pulumi from "@pulumi/pulumi";
import { Provider } from "@pulumi/kubernetes/provider.js";
import type { ClusterPlan, PoolPlan, StoragePlan } from "../../planning/types.ts";
import type { Cluster } from "../cluster.ts";

/** Arguments of {@link ExistingCluster}. */
export interface ExistingClusterArgs {
  readonly plan: ClusterPlan;
  readonly pools: readonly PoolPlan[];
  /** The kubeconfig, if the plan says that it comes from a secret. */
  readonly kubeconfig?: pulumi.Input<string>;
}

/** A cluster that somebody else made, reached through a context of the local kubeconfig or a kubeconfig of its own. */
export class ExistingCluster extends pulumi.ComponentResource implements Cluster {
  readonly identity: string;
  readonly kubeconfig: pulumi.Output<string> | undefined;
  readonly provider: Provider;
  readonly gpuPools: readonly PoolPlan[];
  readonly storage: StoragePlan;
  /** Nothing to wait for: the cluster exists. */
  readonly ready: readonly pulumi.Resource[] = [];

  constructor(name: string, args: ExistingClusterArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super("vllm-stack:existing:Cluster", name, {}, opts);
    this.identity = args.plan.identity;
    this.kubeconfig = args.kubeconfig === undefined ? undefined : pulumi.secret(args.kubeconfig);
    this.gpuPools = args.pools;
    this.storage = args.plan.storage;
    this.provider = this.#provider(name, args.plan.context);
    this.registerOutputs({ identity: this.identity });
  }

  #provider(name: string, context: string | null): Provider {
    return new Provider(
      `${name}-kubernetes`,
      {
        // Without it a new token in the kubeconfig would replace the provider and every resource with it.
        clusterIdentifier: this.identity,
        ...(this.kubeconfig === undefined ? {} : { kubeconfig: this.kubeconfig }),
        ...(context === null ? {} : { context }),
        // Names are fixed and pods roll out by annotation, so a change of content is an update, not a replacement.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
      },
      { parent: this },
    );
  }
}
