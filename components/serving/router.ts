import type * as pulumi from "@pulumi/pulumi";
import type { RouterPlan } from "../../planning/types.ts";
import { Workload } from "../kubernetes/workload.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";

/** Arguments of {@link Router}. */
export interface RouterArgs extends Omit<WorkloadArgs, "plan"> {
  readonly plan: RouterPlan;
}

/** The router of one model: it finds the model's engines through the Kubernetes API and picks one per request. */
export class Router extends Workload {
  constructor(name: string, { plan, ...args }: RouterArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:serving:Router", name, { ...args, plan: plan.workload }, opts);
  }
}
