import { z } from "zod";
import type { ApiClient } from "./api.ts";
import { FAKE_NODE } from "./config/control-plane.ts";
import { ClusterError, type FakeNode } from "./types.ts";
import { until } from "./wait.ts";

const READY_TIMEOUT_MS = 30_000;

const nodeSchema = z.object({
  metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
  spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }).default({ taints: [] }),
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .default({ conditions: [] }),
});

const podsSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string(), namespace: z.string() }) })),
});

/** Every node has room for pods, whatever else is said of it. */
const STANDARD_CAPACITY = { pods: "110" };

/**
 * Creates simulated nodes, or brings existing ones to what is given, and waits until pods can be scheduled on them.
 * @throws ClusterError if a name belongs to a real node, or if a node does not become Ready
 */
export async function addFakeNodes(api: ApiClient, nodes: readonly FakeNode[]): Promise<void> {
  for (const node of nodes) await addFakeNode(api, node);
  for (const { name } of nodes) {
    await until({
      what: `simulated node ${name}`,
      timeoutMs: READY_TIMEOUT_MS,
      problem: () => unschedulable(api, name),
    });
  }
}

async function addFakeNode(api: ApiClient, node: FakeNode): Promise<void> {
  const path = `/api/v1/nodes/${node.name}`;
  const existing = await api.get(path);
  if (existing.status === 200) refuseRealNode(node.name, existing.body);
  const resources = { ...STANDARD_CAPACITY, ...node.capacity };
  const metadata = {
    name: node.name,
    annotations: { [FAKE_NODE.annotation]: FAKE_NODE.value },
    labels: {
      "kubernetes.io/hostname": node.name,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      ...node.labels,
    },
  };
  const status = { capacity: resources, allocatable: resources };
  if (existing.status === 404) {
    const spec = { taints: node.taints };
    await api.create("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata, spec, status });
  } else {
    await api.merge(path, { metadata, spec: { taints: node.taints } });
    await api.merge(`${path}/status`, { status });
  }
}

async function unschedulable(api: ApiClient, name: string): Promise<string | undefined> {
  const { status, body } = await api.get(`/api/v1/nodes/${name}`);
  if (status !== 200) return `can't be read (${status})`;
  const node = nodeSchema.parse(body);
  if (!node.status.conditions.some((condition) => condition.type === "Ready" && condition.status === "True")) {
    return "not Ready";
  }
  const taint = node.spec.taints.find(({ key }) => key.startsWith("node.kubernetes.io/"));
  return taint === undefined ? undefined : `tainted ${taint.key}`;
}

/** Deletes simulated nodes at once, with the pods that were bound to them; names that don't exist are fine. */
export async function removeFakeNodes(api: ApiClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { status, body } = await api.get(`/api/v1/nodes/${name}`);
    if (status === 404) continue;
    refuseRealNode(name, body);
    await api.remove(`/api/v1/nodes/${name}`);
    const pods = await api.get(`/api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${name}`)}`);
    for (const { metadata } of podsSchema.parse(pods.body).items) {
      await api.remove(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`, { gracePeriodSeconds: 0 });
    }
  }
}

function refuseRealNode(name: string, body: unknown): void {
  if (nodeSchema.parse(body).metadata.annotations[FAKE_NODE.annotation] === FAKE_NODE.value) return;
  throw new ClusterError(`simulated node ${name}: a real node has this name. Choose another name.`);
}
