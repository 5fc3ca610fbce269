import assert from "node:assert/strict";
import { recordPlan } from "../../support/components.ts";
import { ofType, the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";
import { at, listAt, objectAt } from "../../support/values.ts";

const KIND = "networking.k8s.io/v1:NetworkPolicy";

describe("network policies", () => {
  let run: Recording;

  before(async () => {
    run = await recordPlan(literalPlan());
  });

  const spec = (name: string) => objectAt(the(run, KIND, name).inputs, "spec");

  it("deny everything in the namespace, in both directions, to begin with", () => {
    assert.deepEqual(spec("default-deny"), { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  it("are one per workload, each with both directions, so that one look tells who talks to it", () => {
    const names = ofType(run, `kubernetes:${KIND}`).map(({ inputs }) => at(inputs, "metadata", "name"));
    assert.deepEqual(names, [
      "cache",
      "default-deny",
      "engine-llama",
      "engine-qwen",
      "front",
      "grafana",
      "prometheus",
      "router-llama",
      "router-qwen",
    ]);
    for (const { inputs } of ofType(run, `kubernetes:${KIND}`)) {
      assert.deepEqual(at(inputs, "spec", "policyTypes"), ["Ingress", "Egress"]);
      assert.equal(at(inputs, "metadata", "namespace"), "vllm-test");
    }
  });

  it("let a router reach the engines of its own model, and nobody else's", () => {
    const targets = listAt(spec("router-llama"), "egress")
      .map((rule) => at(rule, "to", 0, "podSelector", "matchLabels", "vllm-stack/model"))
      .filter((model) => model !== undefined);
    assert.deepEqual(targets, ["llama"]);
    assert.deepEqual(
      listAt(spec("engine-llama"), "ingress").map((rule) => [peer(rule), ports(rule)]),
      [
        ["router llama", ["TCP 8000"]],
        ["prometheus", ["TCP 8000"]],
      ],
    );
  });

  it("let pods anywhere in the cluster reach the front, and only the front", () => {
    const open = ofType(run, `kubernetes:${KIND}`).filter(({ inputs }) =>
      listAt(inputs, "spec", "ingress").some((rule) =>
        listAt(rule, "from").some((from) => at(from, "podSelector") === undefined),
      ),
    );
    assert.deepEqual(
      open.map(({ name }) => name),
      ["serving-policies-front"],
    );
    assert.deepEqual(listAt(spec("front"), "ingress"), [
      { from: [{ namespaceSelector: {} }], ports: [{ protocol: "TCP", port: 8000 }] },
    ]);
  });

  it("never leave a rule without peers or ports, which would allow everything", () => {
    for (const { name, inputs } of ofType(run, `kubernetes:${KIND}`)) {
      for (const [direction, end] of [
        ["ingress", "from"],
        ["egress", "to"],
      ] as const) {
        for (const rule of listAt(inputs, "spec", direction)) {
          assert.ok(listAt(rule, end).length > 0 && listAt(rule, "ports").length > 0, name);
        }
      }
    }
  });

  it("allow DNS by UDP and TCP, to the cluster's server and to the node's cache", () => {
    const [dns] = listAt(spec("front"), "egress");
    assert.deepEqual(dns, {
      to: [
        {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
          podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
        },
        { ipBlock: { cidr: "169.254.20.10/32" } },
      ],
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    });
  });

  it("allow the internet without private addresses and the cloud's metadata server", () => {
    const blocks = listAt(spec("engine-llama"), "egress").flatMap((rule) => listAt(rule, "to"));
    const internet = blocks.map((block) => at(block, "ipBlock")).find((block) => at(block, "cidr") === "0.0.0.0/0");
    assert.deepEqual(at(internet, "except"), [
      "10.0.0.0/8",
      "100.64.0.0/10",
      "127.0.0.0/8",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.168.0.0/16",
    ]);
  });

  it("allow the API server's addresses to those who watch pods", () => {
    const reach = (name: string) =>
      listAt(spec(name), "egress").some((rule) => at(rule, "to", 0, "ipBlock", "cidr") === "192.0.2.0/24");
    assert.deepEqual(["router-llama", "prometheus", "engine-llama", "front", "grafana"].map(reach), [
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it("apply a flow of all routers to each of them", async () => {
    const plan = literalPlan();
    const routers = {
      kind: "pods",
      selector: { "vllm-stack/environment": "test", "vllm-stack/component": "router" },
      label: "routers",
    } as const;
    const front = plan.flows.flatMap(({ to }) => (to.kind === "pods" && to.label === "front" ? [to] : []))[0];
    assert.ok(front !== undefined);
    const flows = [{ from: front, to: routers, ports: [8000], reason: "routes" }];
    const only = await recordPlan({ ...plan, flows });
    for (const name of ["router-llama", "router-qwen"]) {
      const [rule] = listAt(the(only, KIND, name).inputs, "spec", "ingress");
      assert.equal(peer(rule), "front");
    }
    assert.deepEqual(
      at(the(only, KIND, "front").inputs, "spec", "egress", 0, "to", 0, "podSelector", "matchLabels"),
      routers.selector,
    );
    assert.deepEqual(listAt(the(only, KIND, "engine-llama").inputs, "spec", "ingress"), []);
  });
});

/** Component and model of the first peer of an ingress rule. */
function peer(rule: unknown): string {
  const labels = objectAt(rule, "from", 0, "podSelector", "matchLabels");
  const parts = [labels["vllm-stack/component"], labels["vllm-stack/model"]];
  return parts.filter((part) => typeof part === "string").join(" ");
}

function ports(rule: unknown): string[] {
  return listAt(rule, "ports").map((port) => `${String(at(port, "protocol"))} ${String(at(port, "port"))}`);
}
