import type * as pulumi from "@pulumi/pulumi";
import { Workload } from "../kubernetes/workload.ts";
import type { WorkloadArgs } from "../kubernetes/workload.ts";

/** The LMCache server all engines of the stack share. It has no authentication: only engines may reach it. */
export class CacheServer extends Workload {
  constructor(name: string, args: WorkloadArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:serving:CacheServer", name, args, opts);
  }
}
