import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import type { FrontPlan } from "../../planning/types.ts";
import { Workload } from "../kubernetes/workload.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";

/** Arguments of {@link Front}. */
export interface FrontArgs extends Omit<WorkloadArgs, "plan"> {
  readonly plan: FrontPlan;
}

/** Name of the script in the front's ConfigMap; nginx imports it from there. */
const SCRIPT = "front.js";

/**
 * The front: nginx with a script that checks API keys and picks the router of the model a request asks for.
 * What the script does never changes with an environment, so it is a file; what it does it with is in the plan.
 */
export class Front extends Workload {
  constructor(name: string, { plan, ...args }: FrontArgs, opts: pulumi.ComponentResourceOptions) {
    const script = readFileSync(join(import.meta.dirname, "front", SCRIPT), "utf8");
    const workload = { ...plan.workload, files: { ...plan.workload.files, [SCRIPT]: script } };
    super("vllm-stack:serving:Front", name, { ...args, plan: workload }, opts);
  }
}
