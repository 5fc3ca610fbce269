import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ApiClient } from "./api.ts";
import type { Layout } from "./layout.ts";

/** The resource pods ask for to get a GPU. */
export const GPU_RESOURCE = "nvidia.com/gpu";

const desiredNodeSchema = z.strictObject({
  name: z.string(),
  gpus: z.int().nonnegative(),
  labels: z.record(z.string(), z.string()),
});

/** What the real node has to look like beyond what its kubelet reports. */
export type DesiredNode = z.infer<typeof desiredNodeSchema>;

const file = (layout: Layout) => join(layout.config, "node.json");

/** Tells the keeper what the node has to look like. */
export function writeDesiredNode(layout: Layout, node: DesiredNode): void {
  writeFileSync(file(layout), JSON.stringify(node), { mode: 0o600 });
}

/** What {@link writeDesiredNode} wrote. */
export function readDesiredNode(layout: Layout): DesiredNode {
  return desiredNodeSchema.parse(JSON.parse(readFileSync(file(layout), "utf8")));
}

const nodeSchema = z.object({
  metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
  status: z.object({
    capacity: z.record(z.string(), z.string()).default({}),
    allocatable: z.record(z.string(), z.string()).default({}),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })).default([]),
  }),
});

/**
 * Brings the node's simulated GPUs and labels to what is desired; a node that has not registered yet is left for next time.
 * Patching the capacity is the documented way to advertise an extended resource.
 * @see https://kubernetes.io/docs/tasks/administer-cluster/extended-resource-node/
 */
export async function keepNode(api: ApiClient, desired: DesiredNode): Promise<void> {
  const path = `/api/v1/nodes/${desired.name}`;
  const { status, body } = await api.get(path);
  if (status !== 200) return;
  const node = nodeSchema.parse(body);
  const gpus = String(desired.gpus);
  if (node.status.capacity[GPU_RESOURCE] !== gpus || node.status.allocatable[GPU_RESOURCE] !== gpus) {
    const resources = { [GPU_RESOURCE]: gpus };
    await api.merge(`${path}/status`, { status: { capacity: resources, allocatable: resources } });
  }
  const { labels } = node.metadata;
  const missing = Object.entries(desired.labels).filter(([key, value]) => labels[key] !== value);
  if (missing.length > 0) await api.merge(path, { metadata: { labels: Object.fromEntries(missing) } });
}

/** Why a node can't take GPU pods yet; undefined once it can. */
export async function nodeProblem(api: ApiClient, desired: DesiredNode): Promise<string | undefined> {
  const { status, body } = await api.get(`/api/v1/nodes/${desired.name}`);
  if (status === 404) return "has not registered";
  if (status !== 200) return `can't be read (${status})`;
  const node = nodeSchema.parse(body);
  const ready = node.status.conditions.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") return ready?.message ?? "no report yet";
  const gpus = node.status.allocatable[GPU_RESOURCE] ?? "0";
  if (gpus !== String(desired.gpus)) return `${gpus} of ${desired.gpus} GPUs allocatable`;
  const unlabelled = Object.keys(desired.labels).find((key) => node.metadata.labels[key] !== desired.labels[key]);
  return unlabelled === undefined ? undefined : `label ${unlabelled} missing`;
}
