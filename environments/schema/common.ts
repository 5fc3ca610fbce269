import { z } from "zod";

/** A name that becomes part of Kubernetes object names, labels and DNS names: at most 40 characters, so that prefixes fit into 63. */
export const Name = z
  .string()
  .regex(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, "must be lower-case letters, digits and dashes, starting with a letter")
  .max(40, "must have at most 40 characters");

/** A Kubernetes quantity of memory or storage, in binary units. */
export const Memory = z.string().regex(/^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti)$/, 'must be a quantity such as "16Gi"');

/** A Kubernetes quantity of processor time, in cores or thousandths of one. */
export const Cpu = z.string().regex(/^([0-9]+(\.[0-9]+)?|[0-9]+m)$/, 'must be a quantity such as "2" or "500m"');

/** A duration as Prometheus writes it. */
export const Duration = z.string().regex(/^[1-9][0-9]*(s|m|h|d|w)$/, 'must be a duration such as "30s" or "15d"');

/** Node labels, as `key: value`. */
export const Labels = z.record(z.string().regex(/^[A-Za-z0-9./_-]+$/, "must be a Kubernetes label key"), z.string());

/** An image with registry (optional), repository and tag or digest. Floating tags are refused by the plan. */
export const ImageReference = z
  .string()
  .regex(/^[a-z0-9.:-]+(\/[a-z0-9._-]+)*(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$/, "must be an image reference");

/** A taint a pod accepts. */
export const Toleration = z.strictObject({
  key: z.string().describe("The taint's key."),
  operator: z.enum(["Exists", "Equal"]).default("Exists").describe("Whether the taint's value must match."),
  value: z.string().optional().describe("The taint's value, with operator Equal."),
  effect: z.enum(["NoSchedule", "NoExecute", "PreferNoSchedule"]).optional().describe("Only taints of this effect."),
});

/** Processor and memory of one pod; GPUs follow from the parallelism of the model. */
export const Resources = z.strictObject({
  cpu: Cpu.optional().describe("Processor time requested; there is no limit, so that start-up can use idle cores."),
  memory: Memory.optional().describe("Memory requested and limited; the plan adds what /dev/shm and the cache take."),
});
