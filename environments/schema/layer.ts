import { z } from "zod";

/** Which part of the program a stack runs. */
export const Layer = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("all") }).describe("Cluster and serving in one stack."),
    z.strictObject({ kind: z.literal("cluster") }).describe("Only the cluster; a serving stack refers to it."),
    z
      .strictObject({
        kind: z.literal("serving"),
        clusterStack: z
          .string()
          .regex(/^[^/]+\/[^/]+\/[^/]+$/, 'must be "organization/project/stack"')
          .describe("The stack whose cluster to use, as organization/project/stack."),
      })
      .describe("Only the serving stack, on the cluster of another stack."),
  ])
  .prefault({ kind: "all" })
  .describe(
    "Which part of the program this stack runs. One stack is the simplest; two let serving change without touching the cloud.",
  );
