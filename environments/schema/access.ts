import { z } from "zod";
import { Name } from "./common.ts";

/** Who may use the endpoint, and how much. */
export const Access = z
  .strictObject({
    keys: z
      .array(
        z.strictObject({
          name: Name.describe("Name of the key, as it stands in logs and limits."),
          requestsPerMinute: z.int().min(1).optional().describe("Limit of this key on each front pod. Default: none."),
        }),
      )
      .prefault([{ name: "default" }])
      .describe(
        "API keys. A key's value is the secret apiKeys.<name>, generated if absent. An empty list opens the endpoint to everybody in the cluster.",
      ),
    replicas: z.int().min(1).default(2).describe("Front pods."),
    maxBodyMiB: z
      .int()
      .min(1)
      .max(64)
      .default(16)
      .describe("Largest request body. Longer prompts need more, images much more."),
  })
  .prefault({})
  .describe("Who may use the endpoint, and how much.");
