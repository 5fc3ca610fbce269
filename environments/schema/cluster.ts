import { z } from "zod";
import { Cpu, Labels, Memory, Name, Toleration } from "./common.ts";

/** Nodes with GPUs in a cluster that exists already. */
const ExistingGpuPool = z.strictObject({
  name: Name.describe("How models refer to this pool."),
  accelerator: z.string().describe("The GPU, as `npm run fit` lists them, for example h100 or l4."),
  gpusPerNode: z.int().min(1).max(16).describe("GPUs each node has."),
  nodes: z
    .int()
    .min(1)
    .optional()
    .describe("Nodes the pool has. With it the plan checks that all replicas find a place."),
  nodeSelector: Labels.default({}).describe("Labels that these nodes, and only these, carry."),
  tolerations: z
    .array(Toleration)
    // GPU nodes carry this taint on every managed Kubernetes and by NVIDIA's own convention.
    .prefault([{ key: "nvidia.com/gpu" }])
    .describe("Taints of these nodes that engines accept."),
  allocatable: z
    .strictObject({ cpu: Cpu, memory: Memory })
    .optional()
    .describe("What a node has left for pods. With it the plan checks that an engine's requests fit."),
  pricePerNodeHour: z
    .number()
    .min(0)
    .optional()
    .describe(
      "US dollars per node and hour, for the cost lines and the budget. Without it the pool is said to be unpriced.",
    ),
});

const DevicePlugin = z.discriminatedUnion("owner", [
  z
    .strictObject({ owner: z.literal("cluster") })
    .describe("Something in the cluster advertises the GPUs already (GPU operator, cloud, administrator)."),
  z
    .strictObject({
      owner: z.literal("stack"),
      sharing: z
        .strictObject({
          replicas: z.int().min(2).max(16).describe("Pods each GPU is advertised to. Nothing separates their memory."),
        })
        .optional()
        .describe("Time slicing. Each engine needs its own gpuMemoryUtilization, the plan checks their sum."),
      runtimeClass: z
        .string()
        .optional()
        .describe("RuntimeClass of the plugin and the engines, for example nvidia on k3s."),
    })
    .describe("This stack installs NVIDIA's device plugin on the GPU pools."),
]);

/** A cluster that somebody else made. */
export const ExistingCluster = z
  .strictObject({
    provider: z.literal("existing"),
    context: z.string().optional().describe("Context of the local kubeconfig. Without it the current context is used."),
    kubeconfig: z
      .string()
      .optional()
      .describe(
        "A whole kubeconfig as a secret (`pulumi config set --secret --path cluster.kubeconfig`), instead of a context.",
      ),
    gpuPools: z.array(ExistingGpuPool).default([]).describe("The GPU nodes of the cluster, by label."),
    devicePlugin: DevicePlugin
      // Two plugins register each GPU twice, so installing one is a decision somebody has to take.
      .prefault({ owner: "cluster" })
      .describe("Who runs NVIDIA's device plugin."),
    storageClasses: z
      .strictObject({
        block: z
          .string()
          .optional()
          .describe("For volumes one node uses (Prometheus, Grafana). Default: the cluster's default class."),
        shared: z.string().optional().describe("For volumes many nodes use (ReadWriteMany)."),
      })
      .prefault({})
      .describe("Storage classes of the cluster."),
    apiServerCidrs: z
      .array(z.cidrv4())
      .min(1)
      // The address of the API server is not known before the cluster is asked, and managed ones change it.
      .default(["0.0.0.0/0"])
      .describe("Addresses of the API server; routers and Prometheus may reach ports 443 and 6443 there."),
  })
  .describe("A cluster that exists already: kind, k3d, on-premises, or a cloud's.");

/**
 * Where the cluster comes from. A cloud is one more member of this union, one more folder in `components/`
 * and one more row in `planning/pools.ts`.
 */
export const Cluster = z
  .discriminatedUnion("provider", [ExistingCluster])
  .describe("Where the Kubernetes cluster comes from.");
