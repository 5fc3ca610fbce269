import { ADDRESSES, CLUSTER_DOMAIN, PORTS } from "../layout.ts";

/** An object every new cluster gets, with the path it is applied to. */
export interface BootstrapObject {
  readonly path: string;
  readonly object: object;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const RBAC = "/apis/rbac.authorization.k8s.io/v1";
const READ = ["get", "list", "watch"];

/** Cluster DNS as pods know it: the Service `kube-dns`, in front of the CoreDNS that runs beside the kubelet. */
function dnsService(): readonly BootstrapObject[] {
  const ports = [
    { name: "dns", protocol: "UDP", port: PORTS.dns },
    { name: "dns-tcp", protocol: "TCP", port: PORTS.dns },
  ];
  const labels = { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
  return [
    {
      path: "/api/v1/namespaces/kube-system/services/kube-dns",
      object: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "kube-dns", namespace: "kube-system", labels },
        spec: { clusterIP: ADDRESSES.dnsService, ports },
      },
    },
    {
      path: "/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices/kube-dns-node",
      object: {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          name: "kube-dns-node",
          namespace: "kube-system",
          labels: {
            "kubernetes.io/service-name": "kube-dns",
            "endpointslice.kubernetes.io/managed-by": CLUSTER_DOMAIN,
          },
        },
        addressType: "IPv4",
        endpoints: [{ addresses: [ADDRESSES.node], conditions: { ready: true } }],
        ports,
      },
    },
  ];
}

function clusterRole(user: string, rules: readonly Rule[]): readonly BootstrapObject[] {
  return [
    {
      path: `${RBAC}/clusterroles/${user}`,
      object: { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: user }, rules },
    },
    {
      path: `${RBAC}/clusterrolebindings/${user}`,
      object: {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: user },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: user },
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: user }],
      },
    },
  ];
}

/**
 * Everything a new cluster is given.
 * Roles are those of the projects' own manifests (kubernetes/cluster/addons/dns/coredns, kwok/kustomize/rbac).
 */
export function bootstrapObjects(): readonly BootstrapObject[] {
  return [
    ...dnsService(),
    ...clusterRole("system:coredns", [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    ...clusterRole("system:kwok", [
      { apiGroups: [""], resources: ["nodes"], verbs: [...READ, "update", "patch"] },
      { apiGroups: [""], resources: ["nodes/status", "pods/status"], verbs: ["update", "patch"] },
      { apiGroups: [""], resources: ["pods"], verbs: [...READ, "update", "patch", "delete"] },
      { apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "patch", "update"] },
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        verbs: [...READ, "create", "update", "patch", "delete"],
      },
    ]),
  ];
}
