import assert from "node:assert/strict";
import { formatProblem } from "../../environments/schema/problems.ts";
import { planCost } from "../../planning/cost.ts";
import { planEngine } from "../../planning/engine.ts";
import { checkPlacement } from "../../planning/placement.ts";
import { planPools } from "../../planning/pools.ts";
import { clusterOf, environmentOf, H100, SMALL, type ModelInput, type PoolInput } from "./support/environments.ts";

function place(pool: Partial<PoolInput>, ...models: Partial<ModelInput>[]) {
  const environment = environmentOf({
    cluster: clusterOf([{ ...H100, ...pool }]),
    models: models.map((model, index) => ({ ...SMALL, name: `m${index}`, servedName: `m${index}`, ...model })),
  });
  const { pools } = planPools(environment);
  const engines = environment.models.flatMap((model, index) => {
    const { engine } = planEngine({ environmentName: "test", environment, pools }, model, index);
    return engine === null ? [] : [engine];
  });
  const { problems, warnings } = checkPlacement(environment, pools, engines);
  return { problems: problems.map(formatProblem), warnings: warnings.map(({ path, text }) => `${path}: ${text}`) };
}

describe("the place of engines on nodes", () => {
  it("is not doubted where the environment doesn't say how many nodes there are", () => {
    assert.deepEqual(place({ nodes: undefined }, { replicas: 100 }), { problems: [], warnings: [] });
  });

  it("is refused if all replicas need more GPUs than the pool has, naming the nodes that would do", () => {
    const { problems } = place({ nodes: 2 }, { replicas: 2, tensorParallel: 8 }, { replicas: 1 });
    assert.deepEqual(problems, [
      "cluster.gpuPools[0].nodes: 2 – gives pool h100 16 GPUs, and all replicas ask for 17. Use 3 nodes, or fewer replicas.",
    ]);
  });

  it("is refused if one engine needs more memory than a node has, with /dev/shm and cache counted", () => {
    const allocatable = { cpu: "100", memory: "60Gi" };
    const { problems } = place({ allocatable }, { resources: { memory: "59Gi" } });
    assert.match(
      problems.join("\n"),
      /^models\[0\]\.resources\.memory: 61 GiB – is more than the 60 GiB a node of pool h100 has/,
    );
    assert.deepEqual(place({ allocatable }, { resources: { memory: "58Gi" } }).problems, []);
  });

  it("is refused if one engine needs more cores than a node has", () => {
    const { problems } = place({ allocatable: { cpu: "4", memory: "500Gi" } }, { tensorParallel: 4 });
    assert.match(problems.join("\n"), /^models\[0\]\.resources\.cpu: 6 – is more than the 4 cores/);
  });

  it("is doubted if GPUs suffice in all but not in any arrangement on nodes", () => {
    const { problems, warnings } = place(
      { nodes: 2, gpusPerNode: 4 },
      { replicas: 2, tensorParallel: 2 },
      { tensorParallel: 4 },
    );
    assert.deepEqual([problems, warnings], [[], []]);
    const crowded = place(
      { nodes: 1, allocatable: { cpu: "64", memory: "40Gi" } },
      { replicas: 3, resources: { memory: "16Gi" } },
    );
    assert.deepEqual(crowded.problems, []);
    assert.match(crowded.warnings.join("\n"), /no arrangement of the engines was found/);
  });

  it("holds a promise of spare GPUs against the pool", () => {
    const full = place({ nodes: 1 }, { replicas: 2, tensorParallel: 4, spareGpus: true });
    assert.match(
      full.problems.join("\n"),
      /^models\[0\]\.spareGpus: true – promises 4 free GPUs in pool h100, which has 0 beside the engines/,
    );
    assert.deepEqual(place({ nodes: 2 }, { replicas: 2, tensorParallel: 4, spareGpus: true }).problems, []);
  });
});

describe("the cost of an environment", () => {
  const cost = (pool: Partial<PoolInput>, budget?: number) => {
    const environment = environmentOf({
      cluster: clusterOf([{ ...H100, ...pool }]),
      models: [{ ...SMALL, replicas: 3, tensorParallel: 4 }],
      ...(budget === undefined ? {} : { budget: { maxPerHour: budget } }),
    });
    return planCost(environment, planPools(environment).pools);
  };

  it("is the price of the pool's nodes", () => {
    assert.deepEqual(cost({ nodes: 2, pricePerNodeHour: 31.9 }).cost, {
      lines: [{ what: "GPU pool h100", perHour: 63.8, note: "2 nodes at $31.9" }],
      perHour: 63.8,
      unpriced: [],
      budgetPerHour: null,
    });
  });

  it("is that of the nodes the engines need where the pool's are not known", () => {
    assert.equal(cost({ nodes: undefined, pricePerNodeHour: 10 }).cost.perHour, 20);
  });

  it("is said to be unknown without a price, also where a budget should be kept", () => {
    const { cost: planned, problems, warnings } = cost({}, 100);
    assert.deepEqual([planned.perHour, planned.unpriced, problems], [null, ["GPU pool h100"], []]);
    assert.match(warnings[0]?.text ?? "", /can't be checked in full: GPU pool h100 has no price/);
  });

  it("is refused above the budget, with the difference", () => {
    const { problems } = cost({ nodes: 2, pricePerNodeHour: 31.9 }, 50);
    assert.deepEqual(problems.map(formatProblem), [
      "budget.maxPerHour: 50 – is less than the $63.8 per hour the GPU pools cost. Raise it by $13.8, or use fewer or smaller nodes.",
    ]);
    assert.deepEqual(cost({ nodes: 2, pricePerNodeHour: 31.9 }, 63.8).problems, []);
  });
});
