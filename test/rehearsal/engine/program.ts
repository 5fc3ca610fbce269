import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** What the small program can be asked to do differently. */
export interface Wish {
  readonly replicas?: number;
  /** Label of the pods, which a Deployment can't change. */
  readonly label?: string;
  readonly image?: string;
}

/**
 * A program as small as possible with everything a rehearsal has to get right: an explicit provider, a generated secret, an
 * object with a made-up name, values handed from one resource to the next, and configuration.
 */
export function program(kubeconfig: pulumi.Input<string>, wish: () => Wish = () => ({})): () => Promise<object> {
  return () => {
    const { replicas = 2, label = "router", image = "localhost/vllm-stack/pause:1" } = wish();
    const greeting = new pulumi.Config("vllm-stack").get("greeting");
    const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
    const namespace = new k8s.core.v1.Namespace("serving", { metadata: { name: "serving-test" } }, { provider });
    const metadata = { namespace: namespace.metadata.name };
    const password = new random.RandomPassword("password", { length: 24 });
    new k8s.core.v1.Secret(
      "key",
      { metadata: { ...metadata, name: "key" }, stringData: { password: password.result } },
      { provider },
    );
    const labels = { app: label };
    const router = new k8s.apps.v1.Deployment(
      "router",
      {
        metadata: { ...metadata, name: "router" },
        spec: {
          replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: { containers: [{ name: "router", image }], terminationGracePeriodSeconds: 1 },
          },
        },
      },
      { provider },
    );
    const service = new k8s.core.v1.Service(
      "front",
      { metadata, spec: { selector: labels, ports: [{ port: 80 }] } },
      { provider, dependsOn: [router] },
    );
    return Promise.resolve({
      greeting,
      password: password.result,
      address: service.spec.clusterIP,
      serviceName: service.metadata.name,
    });
  };
}
