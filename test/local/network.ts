import assert from "node:assert/strict";
import type { V1Pod } from "@kubernetes/client-node";
import { reachability, type Endpoint, type Policy } from "../support/reachability.ts";
import type { LocalStack } from "../support/stack.ts";

/** The connections design and documentation promise for the local environment, by workload. */
const EXPECTED: readonly string[] = [
  "a client → front:8000",
  "front → router-qwen3-8b:8000",
  "front → router-qwen3-0-6b:8000",
  "router-qwen3-8b → engine-qwen3-8b:8000",
  "router-qwen3-0-6b → engine-qwen3-0-6b:8000",
  "prometheus → engine-qwen3-8b:8000",
  "prometheus → engine-qwen3-0-6b:8000",
  "prometheus → router-qwen3-8b:29000",
  "prometheus → router-qwen3-0-6b:29000",
  "prometheus → front:8081",
];

/** Who may talk to whom, from the policies and pods that are really in the cluster; its network plugin enforces none. */
export function network(stack: () => LocalStack): void {
  describe("the network policies in the cluster", () => {
    it("let the request path and metrics through between the pods that run, and nothing else", async () => {
      const { namespace } = stack().plan;
      const [policies, pods] = await Promise.all([
        stack().networking.listNamespacedNetworkPolicy({ namespace }),
        stack().core.listNamespacedPod({ namespace }),
      ]);
      const endpoints = [...pods.items.flatMap((pod) => endpointOf(pod, namespace)), client()];
      // The client library calls the field `from` `_from`, and keeps properties that are undefined.
      const plain = JSON.parse(JSON.stringify(policies.items).replaceAll('"_from":', '"from":')) as Policy[];
      const connections = reachability(plain, endpoints).filter((connection) => !connection.endsWith("→ a client:53"));
      assert.deepEqual([...new Set(connections)].sort(), [...EXPECTED].sort());
    });
  });
}

/** Pods of one workload are one endpoint's name: they have the same labels. */
function endpointOf(pod: V1Pod, namespace: string): Endpoint[] {
  const { metadata, spec, status } = pod;
  if (metadata?.deletionTimestamp !== undefined || status?.podIP === undefined) return [];
  const labels = metadata?.labels ?? {};
  return [
    {
      name: labels["app.kubernetes.io/name"] ?? "",
      ip: status.podIP,
      ports: (spec?.containers ?? []).flatMap(({ ports = [] }) =>
        ports.map(({ containerPort, name }) => ({ port: containerPort, ...(name === undefined ? {} : { name }) })),
      ),
      pod: { namespace, namespaceLabels: { "kubernetes.io/metadata.name": namespace }, labels },
    },
  ];
}

function client(): Endpoint {
  const namespaceLabels = { "kubernetes.io/metadata.name": "team" };
  return { name: "a client", ip: "10.244.7.7", ports: [], pod: { namespace: "team", namespaceLabels, labels: {} } };
}
