import { z } from "zod";
import { ImageReference } from "./common.ts";

/** Programs whose image can be replaced. */
export const IMAGE_ROLES = [
  "engine",
  "cpuEngine",
  "simulator",
  "productionStackRouter",
  "vllmRouter",
  "front",
  "cacheServer",
  "prometheus",
  "grafana",
  "devicePlugin",
] as const;

/** Where images come from. */
export const Images = z
  .strictObject({
    overrides: z
      .partialRecord(z.enum(IMAGE_ROLES), ImageReference)
      .default({})
      .describe("Image per program instead of the catalog's. Tags must be pinned."),
    registry: z
      .string()
      .regex(
        /^[a-z0-9.-]+(:[0-9]+)?(\/[a-z0-9._/-]+)?$/,
        'must be a registry such as "registry.example.com:5000/mirror"',
      )
      .optional()
      .describe("A registry that mirrors all others: its address replaces the registry of every image."),
    pullSecrets: z.array(z.string()).default([]).describe("Names of image pull secrets in the stack's namespace."),
    pullPolicy: z
      .enum(["IfNotPresent", "Always", "Never"])
      .default("IfNotPresent")
      .describe("When nodes pull. Tags are pinned, so once is enough."),
  })
  .prefault({})
  .describe("Where images come from.");
