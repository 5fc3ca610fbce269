import assert from "node:assert/strict";
import { z } from "zod";
import { workloadsOf } from "../../../components/serving/serving.ts";
import { parseEnvironment } from "../../../environments/schema/load.ts";
import { plan } from "../../../planning/plan.ts";
import type { Plan } from "../../../planning/types.ts";
import { recordPlan } from "../../support/components.ts";
import { ofType } from "../../support/mocks.ts";
import { reachability } from "../../support/reachability.ts";
import type { Endpoint } from "../../support/reachability.ts";

/** Two models on GPUs with a shared cache, Prometheus and Grafana: every kind of workload there is. */
const ENVIRONMENT = parseEnvironment("everything", {
  cluster: {
    provider: "existing",
    gpuPools: [{ name: "h100", accelerator: "h100", gpusPerNode: 8, nodes: 2 }],
    apiServerCidrs: ["172.20.0.0/16"],
  },
  models: ["a", "b"].map((name) => ({ name, model: "Qwen/Qwen3-8B", servedName: name, maxModelLength: 8192 })),
  cache: { kind: "lmcache", cpu: { sizeGiBPerGpu: 8 }, server: { sizeGiB: 16 } },
  router: { implementation: "production-stack" },
});

/** One line per connection; what isn't here is denied. */
const EXPECTED: readonly string[] = [
  // Clients are pods anywhere in the cluster.
  "a pod of another namespace → front:8000",
  "the DNS server → front:8000",
  // The request path: the front to every router, each router to the engines of its model.
  "front → router-a:8000",
  "front → router-b:8000",
  "router-a → engine-a:8000",
  "router-b → engine-b:8000",
  // The cache has no authentication: engines alone.
  "engine-a → cache:65432",
  "engine-b → cache:65432",
  // Weights.
  "engine-a → a public address:443",
  "engine-b → a public address:443",
  // Metrics.
  "grafana → prometheus:9090",
  "prometheus → engine-a:8000",
  "prometheus → engine-b:8000",
  "prometheus → front:8081",
  "prometheus → grafana:3000",
  "prometheus → router-a:8000",
  "prometheus → router-b:8000",
  // Discovery.
  ...["prometheus", "router-a", "router-b"].flatMap((name) => [
    `${name} → the API server:443`,
    `${name} → the API server:6443`,
  ]),
  ...["engine-a", "engine-b", "front", "grafana", "router-a", "router-b"].flatMap((name) => [
    `${name} → the DNS server:53`,
    `${name} → the DNS server:53/UDP`,
  ]),
];

describe("who reaches whom, computed from the rendered network policies", () => {
  it("is the request path, metrics, discovery, DNS, weights and the cache, and nothing else", async () => {
    const planned = plan("everything", ENVIRONMENT);
    const run = await recordPlan(planned);
    const policies = ofType(run, "kubernetes:networking.k8s.io/v1:NetworkPolicy").map(({ inputs }) =>
      PolicyObject.parse(inputs),
    );
    const names = new Set(workloadsOf(planned).map(({ name }) => name));
    const connections = reachability(policies, endpointsOf(planned)).filter((connection) =>
      connection.split(/ → |:/).some((end) => names.has(end)),
    );
    assert.deepEqual(connections, [...EXPECTED].sort());
  });
});

const Selector = z.object({ matchLabels: z.record(z.string(), z.string()).exactOptional() });
const Peers = z.array(
  z.object({
    podSelector: Selector.exactOptional(),
    namespaceSelector: Selector.exactOptional(),
    ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).exactOptional() }).exactOptional(),
  }),
);
const Ports = z.array(z.object({ port: z.number(), protocol: z.string() }));
const PolicyObject = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    podSelector: Selector,
    policyTypes: z.array(z.string()),
    ingress: z.array(z.object({ from: Peers, ports: Ports })).exactOptional(),
    egress: z.array(z.object({ to: Peers, ports: Ports })).exactOptional(),
  }),
});

/** Every workload with the ports it listens on and one that nobody needs, and everybody else there may be. */
function endpointsOf({ namespace, ...planned }: Plan): Endpoint[] {
  const inside = (name: string, labels: Readonly<Record<string, string>>, where = namespace) => ({
    name,
    pod: { namespace: where, namespaceLabels: { "kubernetes.io/metadata.name": where }, labels },
  });
  const workloads = workloadsOf({ namespace, ...planned }).map(({ name, labels, pod }, index) => ({
    ...inside(name, labels),
    ip: `10.244.0.${index + 10}`,
    ports: [...pod.ports, { port: 9999 }],
  }));
  return [
    ...workloads,
    { ...inside("an unknown pod of the namespace", {}), ip: "10.244.0.200", ports: [{ port: 443 }] },
    { ...inside("a pod of another namespace", {}, "other"), ip: "10.244.1.1", ports: [{ port: 443 }] },
    {
      ...inside("the DNS server", { "k8s-app": "kube-dns" }, "kube-system"),
      ip: "10.244.1.2",
      ports: [{ port: 53 }, { port: 53, protocol: "UDP" }],
    },
    { name: "the API server", ip: "172.20.0.1", ports: [{ port: 443 }, { port: 6443 }] },
    { name: "a public address", ip: "198.51.100.1", ports: [{ port: 443 }, { port: 80 }] },
    { name: "a private address", ip: "10.9.9.9", ports: [{ port: 443 }] },
    { name: "the cloud's metadata server", ip: "169.254.169.254", ports: [{ port: 80 }, { port: 443 }] },
  ];
}
