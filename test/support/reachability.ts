/**
 * Who reaches whom, computed from NetworkPolicy objects as Kubernetes defines them. It stands in for a network plugin:
 * the bridge of the embedded cluster enforces nothing.
 * Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/ and the API reference of
 * networking.k8s.io/v1, read 2026-11.
 */
import { BlockList } from "node:net";

type Labels = Readonly<Record<string, string>>;

/** The parts of a label selector. An empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/** The parts of a NetworkPolicy that decide. */
export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: LabelSelector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly { readonly from?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[];
    readonly egress?: readonly { readonly to?: readonly PolicyPeer[]; readonly ports?: readonly PolicyPort[] }[];
  };
}

export interface PolicyPeer {
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface PolicyPort {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}

/** Something that opens or accepts connections. What is outside the cluster has an address and no labels. */
export interface Endpoint {
  readonly name: string;
  /** IPv4 address. */
  readonly ip: string;
  /** Ports it listens on. */
  readonly ports: readonly ListeningPort[];
  /** Undefined: outside the cluster, where no policy applies. */
  readonly pod?: { readonly namespace: string; readonly namespaceLabels: Labels; readonly labels: Labels };
}

export interface ListeningPort {
  readonly port: number;
  /** Name of the container's port, which policies may use. */
  readonly name?: string;
  readonly protocol?: "TCP" | "UDP";
}

type Direction = "ingress" | "egress";

/** Every connection that the policies let through, sorted: `front → router-a:8000`, with `/UDP` where it isn't TCP. */
export function reachability(policies: readonly Policy[], endpoints: readonly Endpoint[]): string[] {
  const connections = endpoints.flatMap((from) =>
    endpoints
      .filter((to) => to !== from)
      .flatMap((to) =>
        to.ports
          .filter((port) => reaches(policies, from, to, port))
          .map((port) => `${from.name} → ${to.name}:${port.port}${port.protocol === "UDP" ? "/UDP" : ""}`),
      ),
  );
  return connections.sort();
}

/** Whether a connection is let through: the source's side must allow it, and the destination's. */
export function reaches(policies: readonly Policy[], from: Endpoint, to: Endpoint, port: ListeningPort): boolean {
  return allows(policies, "egress", from, to, port) && allows(policies, "ingress", to, from, port);
}

/** A pod that no policy of a direction selects is open in that direction; else any rule of any of them may allow. */
function allows(
  policies: readonly Policy[],
  direction: Direction,
  subject: Endpoint,
  peer: Endpoint,
  port: ListeningPort,
): boolean {
  const { pod } = subject;
  if (pod === undefined) return true;
  const selecting = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      directionsOf(spec).includes(direction) &&
      selects(spec.podSelector, pod.labels),
  );
  if (selecting.length === 0) return true;
  return selecting.some((policy) =>
    rulesOf(policy, direction).some(
      ({ peers, ports }) =>
        (peers.length === 0 || peers.some((rule) => isPeer(rule, peer, policy.metadata.namespace))) &&
        (ports.length === 0 || ports.some((rule) => isPort(rule, port))),
    ),
  );
}

function directionsOf({ policyTypes, egress }: Policy["spec"]): Direction[] {
  const types = policyTypes ?? ["Ingress", ...(egress === undefined ? [] : ["Egress"])];
  return types.map((type) => (type === "Ingress" ? "ingress" : "egress"));
}

function rulesOf(
  { spec }: Policy,
  direction: Direction,
): { readonly peers: readonly PolicyPeer[]; readonly ports: readonly PolicyPort[] }[] {
  return direction === "ingress"
    ? (spec.ingress ?? []).map(({ from = [], ports = [] }) => ({ peers: from, ports }))
    : (spec.egress ?? []).map(({ to = [], ports = [] }) => ({ peers: to, ports }));
}

/** Addresses are compared for pods too, as most network plugins do. */
function isPeer(rule: PolicyPeer, { ip, pod }: Endpoint, namespace: string): boolean {
  if (rule.ipBlock !== undefined) {
    const { cidr, except = [] } = rule.ipBlock;
    return contains(cidr, ip) && !except.some((range) => contains(range, ip));
  }
  if (pod === undefined) return false;
  const inNamespace =
    rule.namespaceSelector === undefined
      ? pod.namespace === namespace
      : selects(rule.namespaceSelector, pod.namespaceLabels);
  return inNamespace && (rule.podSelector === undefined || selects(rule.podSelector, pod.labels));
}

function isPort({ port, endPort, protocol = "TCP" }: PolicyPort, listening: ListeningPort): boolean {
  if (protocol !== (listening.protocol ?? "TCP")) return false;
  if (port === undefined) return true;
  if (typeof port === "string") return port === listening.name;
  return listening.port >= port && listening.port <= (endPort ?? port);
}

function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          throw new Error(`${operator} is not an operator of label selectors`);
      }
    })
  );
}

function contains(cidr: string, ip: string): boolean {
  const [network = "", prefix = ""] = cidr.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(ip);
}
