import { ADDRESSES, CLUSTER_DOMAIN, PORTS } from "../layout.ts";

/**
 * CoreDNS's Corefile. It answers for Services and pods; there is no way out of the cluster's network, so that every other
 * name is declared absent at once instead of timing out.
 */
export function renderCorefile(settings: { readonly kubeconfig: string; readonly context: string }): string {
  return `${CLUSTER_DOMAIN}:${PORTS.dns} in-addr.arpa:${PORTS.dns} ip6.arpa:${PORTS.dns} {
    bind ${ADDRESSES.node}
    errors
    ready 127.0.0.1:${PORTS.dnsReady}
    kubernetes ${CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {
        kubeconfig ${settings.kubeconfig} ${settings.context}
        pods insecure
        ttl 5
    }
    loadbalance
}

.:${PORTS.dns} {
    bind ${ADDRESSES.node}
    errors
    template ANY ANY . {
        rcode NXDOMAIN
    }
}
`;
}

/** What the kubelet gives to pods with `dnsPolicy: Default` and to the search list of the others. */
export const RESOLV_CONF = `nameserver ${ADDRESSES.node}\n`;
