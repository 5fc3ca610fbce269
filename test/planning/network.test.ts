import assert from "node:assert/strict";
import type { EnvironmentInput } from "../../environments/schema/environment.ts";
import { clusterOf, environmentOf, H100, SMALL, withModel } from "./support/environments.ts";
import { describeFlow, planOf } from "./support/stacks.ts";

const OTHER = { ...SMALL, name: "other", servedName: "other" };

function flowsOf(settings: Partial<EnvironmentInput> = {}): string[] {
  return planOf(environmentOf(settings)).flows.map(describeFlow).sort();
}

function outOf(part: string, environment: Parameters<typeof planOf>[0]): string[] {
  const flows = planOf(environment).flows.map(describeFlow);
  return flows.filter((flow) => flow.startsWith(`${part} →`)).sort();
}

describe("who may talk to whom", () => {
  it("is the request path, discovery, metrics, weights, and nothing else", () => {
    assert.deepEqual(flowsOf(), [
      "Grafana → Prometheus: 9090",
      "Grafana → dns: 53",
      "Prometheus → apiServer: 443, 6443",
      "Prometheus → engines: 8000",
      "Prometheus → front: 8081",
      "Prometheus → grafana: 3000",
      "Prometheus → routers: 8000",
      "cluster → front: 8000",
      "engines of small → dns: 53",
      "engines of small → internet: 443",
      "front → dns: 53",
      "front → routers: 8000",
      "router of small → engines of small: 8000",
      "routers → apiServer: 443, 6443",
      "routers → dns: 53",
    ]);
  });

  it("keeps a model's router to its own engines", () => {
    const flows = planOf(environmentOf({ models: [SMALL, OTHER] })).flows;
    const own = flows.filter(({ to }) => to.kind === "pods" && to.label.startsWith("engines of "));
    assert.deepEqual(own.map(describeFlow), [
      "router of small → engines of small: 8000",
      "router of other → engines of other: 8000",
    ]);
    for (const { from, to } of own) {
      assert.ok(from.kind === "pods" && to.kind === "pods");
      assert.equal(from.selector["vllm-stack/model"], to.selector["vllm-stack/model"]);
    }
  });

  it("names the environment in every selector, so that two stacks of a cluster stay apart", () => {
    for (const { from, to } of planOf(environmentOf()).flows) {
      for (const peer of [from, to]) {
        if (peer.kind === "pods") assert.equal(peer.selector["vllm-stack/environment"], "test");
      }
    }
  });

  it("gives each flow a reason", () => {
    for (const { reason } of planOf(environmentOf()).flows) assert.ok(reason.length > 10, reason);
  });

  it("leaves out metrics where nobody reads them", () => {
    const flows = flowsOf({ observability: { mode: "none" } });
    assert.deepEqual(
      flows.filter((flow) => /Prometheus|Grafana/.test(flow)),
      [],
    );
    assert.ok(
      !flowsOf({ observability: { mode: "bundled", grafana: { enabled: false } } })
        .join()
        .includes("rafana"),
    );
  });

  const weights: readonly [string, Parameters<typeof withModel>[0], boolean][] = [
    ["downloaded to each node", {}, true],
    ["on a volume that may be empty", { weights: { kind: "claim", name: "w", accessMode: "ReadWriteMany" } }, true],
    [
      "on a volume that was filled before",
      { weights: { kind: "claim", name: "w", accessMode: "ReadOnlyMany" } },
      false,
    ],
    ["simulated", { runtime: "simulator" }, false],
  ];
  for (const [what, model, expected] of weights) {
    it(`${expected ? "lets" : "does not let"} engines out for weights that are ${what}`, () => {
      assert.deepEqual(
        outOf("engines of small", withModel(model)),
        expected ? ["engines of small → dns: 53", "engines of small → internet: 443"] : [],
      );
    });
  }

  it("lets only the engines that share a cache reach its server", () => {
    const cache = { kind: "lmcache", cpu: { sizeGiBPerGpu: 10 }, server: { sizeGiB: 20 } } as const;
    const flows = flowsOf({ models: [{ ...SMALL, cache }, OTHER] });
    assert.deepEqual(
      flows.filter((flow) => flow.includes("cache server")),
      ["engines of small → cache server: 65432"],
    );
  });

  it("reads metrics where the implementation of the router has them", () => {
    const flows = flowsOf({
      router: { implementation: "vllm-router" },
      images: { overrides: { vllmRouter: "example.com/vllm-router:0.1.17" } },
    });
    assert.ok(flows.includes("Prometheus → routers: 29000"));
    assert.ok(!flows.includes("Prometheus → routers: 8000"));
  });

  it("limits the API server to the addresses the environment gives", () => {
    const cluster = clusterOf([H100], { apiServerCidrs: ["10.96.0.1/32"] });
    const { flows } = planOf(withModel({ runtime: "simulator" }, { cluster }));
    const servers = flows.flatMap(({ to }) => (to.kind === "apiServer" ? [to.cidrs] : []));
    assert.deepEqual(servers, [["10.96.0.1/32"], ["10.96.0.1/32"]]);
  });
});
