import type * as pulumi from "@pulumi/pulumi";
import type { EnginePlan } from "../../planning/types.ts";
import { Workload } from "../kubernetes/workload.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";

/** Arguments of {@link Engine}. */
export interface EngineArgs extends Omit<WorkloadArgs, "plan"> {
  readonly plan: EnginePlan;
}

/** The engines of one model: pods that run `vllm serve`, or what answers like it. */
export class Engine extends Workload {
  constructor(name: string, { plan, ...args }: EngineArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:serving:Engine", name, { ...args, plan: plan.workload }, opts);
  }
}
