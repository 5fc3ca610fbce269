import * as k8s from "@pulumi/kubernetes";
import { simulatedRandom } from "../../../../rehearsal/clouds/random.ts";
import type { Engine } from "../../../../rehearsal/engine/engine.ts";
import { kubernetesStandIn } from "../../../../rehearsal/kubernetes-provider/provider.ts";
import { withRehearsal, type RehearsalOptions } from "../../../support/engine.ts";
import type { TestCluster } from "./cluster.ts";

/** The namespace of the tests' objects. */
export const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "serving-test" } };

/** The first few objects of a program: its provider and a namespace. */
export function beginning({ kubeconfig }: TestCluster): {
  readonly provider: k8s.Provider;
  readonly namespace: k8s.core.v1.Namespace;
} {
  const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
  const namespace = new k8s.core.v1.Namespace("serving", { metadata: NAMESPACE.metadata }, { provider });
  return { provider, namespace };
}

/** Runs a program on the cluster its provider names; whatever happens, its objects are gone afterwards. */
export async function onCluster(
  run: () => Promise<object>,
  use: (engine: Engine) => Promise<void>,
  options: RehearsalOptions = {},
): Promise<void> {
  await withRehearsal(
    async () => ({ ...(await run()) }),
    [kubernetesStandIn(), simulatedRandom()],
    async (engine) => {
      try {
        await use(engine);
      } finally {
        await engine.destroy();
      }
    },
    options,
  );
}
