import assert from "node:assert/strict";
import { Handover, handoverOf } from "../../components/cluster.ts";
import { literalPlan } from "../support/plan.ts";

describe("the handover of a cluster to serving stacks", () => {
  it("is plain data that its own schema reads back unchanged", () => {
    const handover = handoverOf(literalPlan());
    assert.deepEqual(Handover.parse(JSON.parse(JSON.stringify(handover))), handover);
  });

  it("has all that a plan of the serving layer needs: pools, sharing, storage, addresses", () => {
    const { section, identity, kubeconfig } = handoverOf(literalPlan());
    assert.equal(identity, "cluster-of-test");
    assert.equal(kubeconfig, true);
    assert.deepEqual(section.gpuPools, [
      {
        name: "l4",
        accelerator: "l4",
        gpusPerNode: 4,
        nodes: 2,
        nodeSelector: { pool: "l4" },
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        allocatable: { cpu: "47.5", memory: "180Gi" },
        pricePerNodeHour: 3.5,
      },
    ]);
    assert.deepEqual(section.devicePlugin, { owner: "stack", sharing: { replicas: 2 }, runtimeClass: "nvidia" });
    assert.deepEqual(section.storageClasses, { block: "fast" });
    assert.deepEqual(section.apiServerCidrs, ["192.0.2.0/24"]);
  });

  it("says nothing about what isn't known", () => {
    const plan = literalPlan();
    const pools = plan.pools.map((pool) => ({ ...pool, nodes: null, allocatable: null, pricePerNodeHour: null }));
    const [pool] = handoverOf({ ...plan, pools, devicePlugin: null }).section.gpuPools;
    assert.deepEqual(Object.keys(pool ?? {}), ["name", "accelerator", "gpusPerNode", "nodeSelector", "tolerations"]);
  });

  it("is refused in another version, whose meaning may differ", () => {
    assert.equal(Handover.safeParse({ ...handoverOf(literalPlan()), version: 2 }).success, false);
  });
});
