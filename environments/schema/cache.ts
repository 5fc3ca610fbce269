import { z } from "zod";

const gib = z.number().positive();

/** LMCache: where KV blocks go when GPU memory is full. */
export const Cache = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }).describe("vLLM's own prefix cache in GPU memory only."),
    z
      .strictObject({
        kind: z.literal("lmcache"),
        cpu: z
          .strictObject({ sizeGiBPerGpu: gib.describe("Pinned memory per GPU; it is added to the engine's memory.") })
          .optional()
          .describe("Offload to the node's memory."),
        disk: z
          .strictObject({ sizeGiBPerGpu: gib.describe("Disk per GPU; it is added to the engine's ephemeral storage.") })
          .optional()
          .describe("Offload to the node's disk."),
        server: z
          .strictObject({
            sizeGiB: gib.describe("Memory of the server. It has no eviction: the limit holds by restarting it."),
          })
          .optional()
          .describe("A shared LMCache server for all engines of the stack."),
        chunkSize: z.int().min(16).default(256).describe("Tokens per chunk; must be equal on all sharers."),
      })
      .describe("LMCache inside the engines."),
  ])
  .describe("Where KV blocks go when GPU memory is full.");
