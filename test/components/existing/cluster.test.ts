import assert from "node:assert/strict";
import { ExistingCluster } from "../../../components/existing/cluster.ts";
import { ofType, record } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";

describe("a cluster that exists", () => {
  const { cluster, pools } = literalPlan();

  it("is reached through a kubeconfig that stays secret", async () => {
    const run = await record(() => {
      const made = new ExistingCluster("cluster", { plan: cluster, pools, kubeconfig: "apiVersion: v1" });
      return { kubeconfig: made.kubeconfig };
    });
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.kubeconfig, "apiVersion: v1");
    assert.deepEqual(provider.secretInputs, ["kubeconfig"]);
    assert.deepEqual(run.secretOutputs, ["kubeconfig"]);
  });

  it("or through a context of the local kubeconfig", async () => {
    const run = await record(() => {
      const made = new ExistingCluster("cluster", { plan: { ...cluster, context: "kind-kind" }, pools });
      return { hasKubeconfig: made.kubeconfig !== undefined };
    });
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.context, "kind-kind");
    assert.equal(run.outputs.hasKubeconfig, false);
  });

  it("keeps its identity when the kubeconfig changes, so that a new token replaces nothing", async () => {
    const identities: unknown[] = [];
    for (const kubeconfig of ["token: old", "token: new"]) {
      const run = await record(() => new ExistingCluster("cluster", { plan: cluster, pools, kubeconfig }));
      identities.push(ofType(run, "pulumi:providers:kubernetes")[0]?.inputs.clusterIdentifier);
    }
    assert.deepEqual(identities, ["cluster-of-test", "cluster-of-test"]);
  });

  it("updates ConfigMaps and Secrets in place: their names are fixed", async () => {
    const run = await record(() => new ExistingCluster("cluster", { plan: cluster, pools }));
    const [provider] = ofType(run, "pulumi:providers:kubernetes");
    assert.equal(provider?.inputs.enableConfigMapMutable, "true");
    assert.equal(provider.inputs.enableSecretMutable, "true");
  });
});
