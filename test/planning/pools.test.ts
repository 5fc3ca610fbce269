import assert from "node:assert/strict";
import { formatProblem } from "../../environments/schema/problems.ts";
import { planPools } from "../../planning/pools.ts";
import { clusterOf, environmentOf, H100, SMALL, withModel, type PoolInput } from "./support/environments.ts";

const L4: PoolInput = { name: "l4", accelerator: "l4", gpusPerNode: 1, nodeSelector: { pool: "l4" } };
const STACK = { devicePlugin: { owner: "stack" as const } };

function problemsOf(...args: Parameters<typeof environmentOf>): string[] {
  return planPools(environmentOf(...args)).problems.map(formatProblem);
}

describe("GPU pools", () => {
  it("describes a pool by what the environment says of it, and unknown things as unknown", () => {
    const { pools } = planPools(
      environmentOf({
        cluster: clusterOf([{ ...L4, tolerations: [{ key: "gpu", operator: "Equal", value: "yes" }] }]),
      }),
    );
    assert.deepEqual(pools, [
      {
        name: "l4",
        accelerator: "l4",
        gpusPerNode: 1,
        nodes: null,
        nodeSelector: { pool: "l4" },
        tolerations: [{ key: "gpu", operator: "Equal", value: "yes" }],
        allocatable: null,
        driverOwner: "whoever made the cluster",
        devicePluginOwner: "cluster",
        sharedBy: 1,
        pricePerNodeHour: null,
        gpusRequested: 1,
      },
    ]);
  });

  it("knows a GPU by any of its names", () => {
    const { pools, problems } = planPools(
      environmentOf({ cluster: clusterOf([{ ...H100, accelerator: "NVIDIA H100" }]) }),
    );
    assert.deepEqual([pools[0]?.accelerator, problems], ["h100", []]);
  });

  it("counts the GPUs all engines ask for, and none while the stack is paused", () => {
    const models = [
      { ...SMALL, replicas: 2, tensorParallel: 4 },
      { ...SMALL, name: "other", servedName: "other" },
    ];
    assert.equal(planPools(environmentOf({ models })).pools[0]?.gpusRequested, 9);
    assert.equal(planPools(environmentOf({ models, paused: true })).pools[0]?.gpusRequested, 0);
  });

  const mistakes: readonly (readonly [title: string, settings: Parameters<typeof environmentOf>[0], says: RegExp])[] = [
    [
      "an unknown pool, with the one that was meant",
      { models: [{ ...SMALL, pool: "h10" }] },
      /^models\[0\]\.pool: h10 – is not a pool of the cluster\. Did you mean h100\?$/,
    ],
    [
      "no choice among several pools",
      { cluster: clusterOf([H100, L4]) },
      /^models\[0\]\.pool: – is required where the cluster has several pools\. Set it to h100 or l4\.$/,
    ],
    ["a model for GPUs on a cluster without", { cluster: clusterOf([]) }, /names no GPU nodes.*runtime: cpu/],
    [
      "a pool for an engine without GPU",
      { models: [{ ...SMALL, runtime: "cpu", pool: "h100" }] },
      /CPU engines use no GPU\. Leave pool out/,
    ],
    [
      "more GPUs than a node has",
      { models: [{ ...SMALL, tensorParallel: 8, pipelineParallel: 2 }] },
      /^models\[0\]\.tensorParallel: 8 – times pipelineParallel 2 needs 16 GPUs in one node, .* have 8\./,
    ],
    [
      "an unknown GPU, with the one that was meant",
      { cluster: clusterOf([{ ...H100, accelerator: "h1000" }]) },
      /^cluster\.gpuPools\[0\]\.accelerator: h1000 – is not a GPU of the catalog\. Did you mean h100\?$/,
    ],
    [
      "a GPU current vLLM images don't run on",
      { cluster: clusterOf([{ ...H100, accelerator: "v100-16gb" }]) },
      /^cluster\.gpuPools\[0\]\.accelerator: v100-16gb – does not run current vLLM images/,
    ],
    [
      "two pools of one name",
      { cluster: clusterOf([H100, { ...L4, name: "h100" }]), models: [{ ...SMALL, pool: "h100" }] },
      /^cluster\.gpuPools\[1\]\.name: h100 – is the name of another pool/,
    ],
    [
      "several pools whose nodes nothing tells apart",
      { cluster: clusterOf([H100, { ...L4, nodeSelector: {} }]), models: [{ ...SMALL, pool: "h100" }] },
      /^cluster\.gpuPools\[1\]\.nodeSelector: – is empty, and engines of this pool could land/,
    ],
    [
      "a device plugin of this stack on nodes without GPUs",
      { cluster: clusterOf([{ ...H100, nodeSelector: {} }], STACK) },
      /^cluster\.gpuPools\[0\]\.nodeSelector: .*device plugin of this stack would run on nodes without GPUs/,
    ],
  ];
  for (const [title, settings, says] of mistakes) {
    it(`refuses ${title}`, () => {
      const found = problemsOf(settings).filter((line) => says.test(line));
      assert.equal(found.length, 1, JSON.stringify(problemsOf(settings), null, 1));
    });
  }

  it("runs simulated engines without a pool where there is none, and on the only pool where there is one", () => {
    const simulated = withModel({ runtime: "simulator" }, { cluster: clusterOf([]) });
    assert.deepEqual(planPools(simulated).problems, []);
    assert.equal(planPools(withModel({ runtime: "simulator" })).pools[0]?.gpusRequested, 1);
  });

  it("warns about a pool that costs money and serves nothing", () => {
    const { warnings } = planPools(
      environmentOf({ cluster: clusterOf([H100, L4]), models: [{ ...SMALL, pool: "h100" }] }),
    );
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["cluster.gpuPools[1]"],
    );
  });
});

describe("GPUs shared by time slicing", () => {
  const shared = clusterOf([{ ...L4, nodes: 1 }], { devicePlugin: { owner: "stack", sharing: { replicas: 2 } } });

  it("refuses engines that together take more memory than a GPU has", () => {
    const models = [
      { ...SMALL, gpuMemoryUtilization: 0.6 },
      { ...SMALL, name: "b", servedName: "b", gpuMemoryUtilization: 0.45 },
      { ...SMALL, name: "c", servedName: "c", gpuMemoryUtilization: 0.2 },
    ];
    const [line, ...rest] = problemsOf({ cluster: shared, models });
    assert.match(
      line ?? "",
      /^models\[0\]\.gpuMemoryUtilization: 0\.6 – lets 2 engines .* take 105 %.*Use at most 0\.48/,
    );
    assert.deepEqual(rest, []);
  });

  it("refuses engines that leave no room for what each process keeps outside its share", () => {
    const models = [{ ...SMALL, replicas: 2, gpuMemoryUtilization: 0.5 }];
    assert.match(problemsOf({ cluster: shared, models })[0] ?? "", /take 100 %.*Use at most 0\.48/);
  });

  it("accepts engines that leave each other room, whoever shares with whom", () => {
    const models = [{ ...SMALL, replicas: 2, gpuMemoryUtilization: 0.48 }];
    assert.deepEqual(problemsOf({ cluster: shared, models }), []);
  });

  it("refuses tensor parallelism: two shares of a GPU are no two GPUs", () => {
    const cluster = clusterOf([H100], { devicePlugin: { owner: "stack", sharing: { replicas: 2 } } });
    const models = [{ ...SMALL, tensorParallel: 2, gpuMemoryUtilization: 0.4 }];
    assert.match(problemsOf({ cluster, models }).join("\n"), /pods on the shared GPUs of pool h100 get one each/);
  });

  it("configures the device plugin so that a pod can't ask for two shares", () => {
    const { devicePlugin, pools } = planPools(
      environmentOf({ cluster: shared, models: [{ ...SMALL, gpuMemoryUtilization: 0.48 }] }),
    );
    assert.equal(pools[0]?.sharedBy, 2);
    assert.equal(
      devicePlugin?.config,
      `version: v1
sharing:
  timeSlicing:
    renameByDefault: false
    failRequestsGreaterThanOne: true
    resources:
      - name: nvidia.com/gpu
        replicas: 2
`,
    );
  });
});

describe("NVIDIA's device plugin", () => {
  it("is left to the cluster unless the environment asks for it, because two would register each GPU twice", () => {
    assert.equal(planPools(environmentOf()).devicePlugin, null);
  });

  it("runs on the nodes of the pools alone, under their taints", () => {
    const { devicePlugin } = planPools(
      environmentOf({ cluster: clusterOf([H100], { devicePlugin: { owner: "stack", runtimeClass: "nvidia" } }) }),
    );
    assert.deepEqual(devicePlugin, {
      image: "nvcr.io/nvidia/k8s-device-plugin:v0.20.0",
      namespace: "kube-system",
      pools: [
        {
          name: "h100",
          nodeSelector: { pool: "h100" },
          tolerations: [{ key: "nvidia.com/gpu", operator: "Exists" }],
        },
      ],
      config: null,
      runtimeClass: "nvidia",
    });
  });
});
