import * as pulumi from "@pulumi/pulumi";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/index.js";
import type { networking } from "@pulumi/kubernetes/types/input.js";
import type { Flow, Labels, Peer } from "../../planning/types.ts";
import type { NamespaceHandle } from "./namespace.ts";

/** Arguments of {@link NetworkPolicies}. */
export interface NetworkPoliciesArgs {
  readonly namespace: NamespaceHandle;
  /** Labels of the policies themselves. */
  readonly labels: Labels;
  /** Everything that is allowed. */
  readonly flows: readonly Flow[];
  /** The workloads of the namespace; each gets one policy with its part of the flows, both directions. */
  readonly workloads: readonly { readonly name: string; readonly selector: Labels }[];
}

/** Ranges that are not the internet: private, shared, loopback and link-local ones, where cloud metadata servers are. */
const NOT_INTERNET = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
] as const;

/** Where NodeLocal DNSCache listens, by convention and on GKE. */
const NODE_LOCAL_DNS = "169.254.20.10/32";

/**
 * Denies all traffic of a namespace, in both directions, and allows the flows of the plan: one policy per workload,
 * so that `kubectl describe networkpolicy <workload>` answers who may talk to it and whom it may talk to.
 */
export class NetworkPolicies extends pulumi.ComponentResource {
  readonly #denyAll: NetworkPolicy;
  readonly #ofWorkload: ReadonlyMap<string, NetworkPolicy>;

  constructor(name: string, args: NetworkPoliciesArgs, opts: pulumi.ComponentResourceOptions) {
    super("vllm-stack:kubernetes:NetworkPolicies", name, {}, opts);
    const policy = (policyName: string, spec: networking.v1.NetworkPolicySpec) =>
      new NetworkPolicy(
        `${name}-${policyName}`,
        { metadata: { name: policyName, namespace: args.namespace.name, labels: { ...args.labels } }, spec },
        { parent: this, dependsOn: args.namespace.resource },
      );
    this.#denyAll = policy("default-deny", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
    this.#ofWorkload = new Map(
      args.workloads.map(({ name: workload, selector }) => [
        workload,
        policy(workload, policySpec(selector, args.flows)),
      ]),
    );
    this.registerOutputs({});
  }

  /** The policies that hold for the pods of a workload: they must be there before the first of its pods. */
  of(workload: string): pulumi.Resource[] {
    const own = this.#ofWorkload.get(workload);
    return own === undefined ? [this.#denyAll] : [this.#denyAll, own];
  }
}

/** The policy of the pods with a selector: what they may receive and what they may open. */
function policySpec(selector: Labels, flows: readonly Flow[]): networking.v1.NetworkPolicySpec {
  const includes = (peer: Peer) => peer.kind === "pods" && isSubset(peer.selector, selector);
  return {
    podSelector: { matchLabels: { ...selector } },
    policyTypes: ["Ingress", "Egress"],
    ingress: flows
      .filter((flow) => includes(flow.to))
      .map((flow) => ({ from: peersOf(flow.from), ports: portsOf(flow) })),
    egress: flows.filter((flow) => includes(flow.from)).map((flow) => ({ to: peersOf(flow.to), ports: portsOf(flow) })),
  };
}

/** Whether pods with the labels `selector` are among those that `peer` selects. */
function isSubset(peer: Labels, selector: Labels): boolean {
  return Object.entries(peer).every(([key, value]) => selector[key] === value);
}

function portsOf(flow: Flow): networking.v1.NetworkPolicyPort[] {
  const protocols = flow.to.kind === "dns" ? ["UDP", "TCP"] : ["TCP"];
  return protocols.flatMap((protocol) => flow.ports.map((port) => ({ protocol, port })));
}

function peersOf(peer: Peer): networking.v1.NetworkPolicyPeer[] {
  switch (peer.kind) {
    case "pods":
      return [{ podSelector: { matchLabels: { ...peer.selector } } }];
    case "cluster":
      return [{ namespaceSelector: {} }];
    case "dns":
      return [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
          podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
        },
        { ipBlock: { cidr: NODE_LOCAL_DNS } },
      ];
    case "internet":
      return [{ ipBlock: { cidr: "0.0.0.0/0", except: [...NOT_INTERNET] } }];
    case "apiServer":
      return peer.cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  }
}
