import { stringify } from "yaml";
import type { KeyPair } from "../pki/certificates.ts";

/** A kubeconfig with everything embedded: the authority that the server is verified against and a client certificate. */
export function renderKubeconfig(options: {
  readonly cluster: string;
  readonly server: string;
  readonly authority: string;
  readonly user: string;
  readonly client: KeyPair;
}): string {
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [
        {
          name: options.cluster,
          cluster: { server: options.server, "certificate-authority-data": base64(options.authority) },
        },
      ],
      users: [
        {
          name: options.user,
          user: {
            "client-certificate-data": base64(options.client.certificate),
            "client-key-data": base64(options.client.key),
          },
        },
      ],
      contexts: [{ name: options.cluster, context: { cluster: options.cluster, user: options.user } }],
      "current-context": options.cluster,
    },
    { lineWidth: 0 },
  );
}
