import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ADDRESSES, CLUSTER_DOMAIN, PORTS, type Layout } from "../layout.ts";
import {
  createAuthority,
  createKey,
  issueCertificate,
  publicKey,
  type Authority,
  type CertificateRequest,
} from "../pki/certificates.ts";
import { renderKubeconfig } from "./kubeconfig.ts";

/** Who talks to the API server, and as whom. Names and groups are the ones Kubernetes' own roles are bound to. */
const CLIENTS = {
  admin: { commonName: "vllm-stack-admin", organizations: ["system:masters"] },
  "controller-manager": { commonName: "system:kube-controller-manager" },
  scheduler: { commonName: "system:kube-scheduler" },
  proxy: { commonName: "system:kube-proxy" },
  coredns: { commonName: "system:coredns" },
  kwok: { commonName: "system:kwok" },
} as const satisfies Record<string, Omit<CertificateRequest, "usages">>;

/** Only a client of this name may vouch for users to aggregated API servers. */
export const FRONT_PROXY = "front-proxy-client";

/** Components with a kubeconfig of their own in the config folder. */
export type Client = keyof typeof CLIENTS | "kubelet";

/** Paths of what {@link writeCredentials} wrote. */
export interface Credentials {
  readonly authority: string;
  readonly authorityKey: string;
  readonly apiserver: { readonly certificate: string; readonly key: string };
  /** What the API server shows to the kubelet. */
  readonly apiserverClient: { readonly certificate: string; readonly key: string };
  /** What the API server shows to aggregated API servers, as which it vouches for users. */
  readonly frontProxy: { readonly certificate: string; readonly key: string };
  readonly kubelet: { readonly certificate: string; readonly key: string };
  readonly serviceAccount: { readonly publicKey: string; readonly key: string };
  kubeconfig(client: Client): string;
}

/** Where the credentials of a cluster lie. */
export function credentialsOf(layout: Layout): Credentials {
  const pair = (name: string) => ({
    certificate: join(layout.certificates, `${name}.crt`),
    key: join(layout.certificates, `${name}.key`),
  });
  return {
    authority: pair("ca").certificate,
    authorityKey: pair("ca").key,
    apiserver: pair("apiserver"),
    apiserverClient: pair("apiserver-kubelet-client"),
    frontProxy: pair("front-proxy"),
    kubelet: pair("kubelet"),
    serviceAccount: {
      publicKey: join(layout.certificates, "service-account.pub"),
      key: join(layout.certificates, "service-account.key"),
    },
    kubeconfig: (client) => join(layout.config, `${client}.kubeconfig`),
  };
}

/**
 * Makes the cluster's authority and everybody's certificates; writes them, and a kubeconfig per component and one for
 * processes of the host.
 */
export function writeCredentials(
  layout: Layout,
  options: { name: string; node: string; apiPort: number },
): Credentials {
  const credentials = credentialsOf(layout);
  const authority = createAuthority(`${options.name}-ca`);
  mkdirSync(layout.certificates, { recursive: true, mode: 0o700 });
  const writePair = (paths: { certificate: string; key: string }, request: CertificateRequest) => {
    const pair = issueCertificate(authority, request);
    writeSecret(paths.certificate, pair.certificate);
    writeSecret(paths.key, pair.key);
  };

  writeSecret(credentials.authority, authority.certificate);
  writeSecret(credentials.authorityKey, authority.key);
  const serviceAccountKey = createKey();
  writeSecret(credentials.serviceAccount.key, serviceAccountKey);
  writeSecret(credentials.serviceAccount.publicKey, publicKey(serviceAccountKey));
  writePair(credentials.apiserver, {
    commonName: "kube-apiserver",
    usages: ["server"],
    ipAddresses: ["127.0.0.1", ADDRESSES.node, ADDRESSES.kubernetesService],
    dnsNames: ["localhost", ...serviceNames("kubernetes", "default")],
  });
  writePair(credentials.apiserverClient, {
    commonName: "kube-apiserver-kubelet-client",
    organizations: ["system:masters"],
    usages: ["client"],
  });
  writePair(credentials.frontProxy, { commonName: FRONT_PROXY, usages: ["client"] });
  writePair(credentials.kubelet, {
    commonName: `system:node:${options.node}`,
    organizations: ["system:nodes"],
    usages: ["server"],
    ipAddresses: [ADDRESSES.node],
    dnsNames: [options.node],
  });
  writeKubeconfigs(layout, credentials, authority, options);
  return credentials;
}

function writeKubeconfigs(
  layout: Layout,
  credentials: Credentials,
  authority: Authority,
  options: { name: string; node: string; apiPort: number },
): void {
  const kubeconfig = (identity: Omit<CertificateRequest, "usages">, server: string) =>
    renderKubeconfig({
      cluster: options.name,
      server,
      authority: authority.certificate,
      user: identity.commonName,
      client: issueCertificate(authority, { ...identity, usages: ["client"] }),
    });
  const inside = `https://${ADDRESSES.node}:${PORTS.api}`;
  for (const client of ["admin", "controller-manager", "scheduler", "proxy", "coredns", "kwok"] as const) {
    writeSecret(credentials.kubeconfig(client), kubeconfig(CLIENTS[client], inside));
  }
  const node = { commonName: `system:node:${options.node}`, organizations: ["system:nodes"] };
  writeSecret(credentials.kubeconfig("kubelet"), kubeconfig(node, inside));
  writeSecret(layout.kubeconfig, kubeconfig(CLIENTS.admin, `https://127.0.0.1:${options.apiPort}`));
}

function serviceNames(service: string, namespace: string): string[] {
  const full = `${service}.${namespace}.svc.${CLUSTER_DOMAIN}`;
  return [service, `${service}.${namespace}`, `${service}.${namespace}.svc`, full];
}

function writeSecret(path: string, content: string): void {
  writeFileSync(path, content, { mode: 0o600 });
}
