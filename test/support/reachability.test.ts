import assert from "node:assert/strict";
import { reachability, reaches, type Endpoint, type Policy, type PolicyPeer } from "./reachability.ts";

const pod = (name: string, ip: string, labels = { app: name }, namespace = "stack"): Endpoint => ({
  name,
  ip,
  ports: [{ port: 80, name: "http" }],
  pod: { namespace, namespaceLabels: { "kubernetes.io/metadata.name": namespace }, labels },
});

const A = pod("a", "10.0.0.1");
const B = pod("b", "10.0.0.2");
const OTHER = pod("other", "10.0.0.3", { app: "a" }, "elsewhere");
const WORLD: Endpoint = { name: "world", ip: "93.184.216.34", ports: [{ port: 80 }, { port: 443 }] };

function policy(spec: Policy["spec"], name = "policy"): Policy {
  return { metadata: { name, namespace: "stack" }, spec };
}

const DENY = policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"] }, "default-deny");

describe("reachability from NetworkPolicy objects", () => {
  it("lets everything through without a policy", () => {
    assert.deepEqual(reachability([], [A, B]), ["a → b:80", "b → a:80"]);
  });

  it("denies a namespace in both directions with an empty selector, and no other namespace", () => {
    assert.deepEqual(reachability([DENY], [A, B, WORLD, OTHER]), [
      "other → world:443",
      "other → world:80",
      "world → other:80",
    ]);
  });

  it("needs both sides: egress of the source and ingress of the destination", () => {
    const egress = policy({
      podSelector: { matchLabels: { app: "a" } },
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: { matchLabels: { app: "b" } } }] }],
    });
    const ingress = policy({
      podSelector: { matchLabels: { app: "b" } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: "a" } } }] }],
    });
    assert.deepEqual(reachability([DENY, egress], [A, B]), []);
    assert.deepEqual(reachability([DENY, ingress], [A, B]), []);
    assert.deepEqual(reachability([DENY, egress, ingress], [A, B]), ["a → b:80"]);
  });

  it("adds policies up: one that allows is enough", () => {
    const open = policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [{}], egress: [{}] });
    assert.deepEqual(reachability([DENY, open], [A, B]), ["a → b:80", "b → a:80"]);
  });

  it("takes a policy without policyTypes for ingress, and for egress if it has such rules", () => {
    assert.equal(reaches([policy({ podSelector: {} })], A, WORLD, { port: 443 }), true);
    assert.equal(reaches([policy({ podSelector: {}, egress: [] })], A, WORLD, { port: 443 }), false);
  });

  const peers: readonly [string, PolicyPeer, Endpoint, boolean][] = [
    ["a pod selector: pods of the policy's namespace", { podSelector: { matchLabels: { app: "a" } } }, A, true],
    ["a pod selector: no pod of another namespace", { podSelector: { matchLabels: { app: "a" } } }, OTHER, false],
    ["a pod selector: nothing outside the cluster", { podSelector: {} }, WORLD, false],
    ["a namespace selector: all its pods", { namespaceSelector: {} }, OTHER, true],
    ["a namespace selector: nothing outside the cluster", { namespaceSelector: {} }, WORLD, false],
    [
      "both selectors: pods that match, in namespaces that match",
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "elsewhere" } },
        podSelector: { matchLabels: { app: "b" } },
      },
      OTHER,
      false,
    ],
    ["an address block", { ipBlock: { cidr: "93.184.0.0/16" } }, WORLD, true],
    [
      "an address block without its exceptions",
      { ipBlock: { cidr: "0.0.0.0/0", except: ["93.0.0.0/8"] } },
      WORLD,
      false,
    ],
    ["an address block, for a pod's address", { ipBlock: { cidr: "10.0.0.0/24" } }, A, true],
    ["In", { podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["a", "c"] }] } }, A, true],
    ["NotIn", { podSelector: { matchExpressions: [{ key: "app", operator: "NotIn", values: ["a"] }] } }, A, false],
    [
      "NotIn, for a pod without the label",
      { podSelector: { matchExpressions: [{ key: "x", operator: "NotIn", values: ["a"] }] } },
      A,
      true,
    ],
    ["Exists", { podSelector: { matchExpressions: [{ key: "x", operator: "Exists" }] } }, A, false],
    ["DoesNotExist", { podSelector: { matchExpressions: [{ key: "x", operator: "DoesNotExist" }] } }, A, true],
  ];
  for (const [what, peer, from, expected] of peers) {
    it(`${expected ? "matches" : "does not match"} ${what}`, () => {
      const ingress = policy({ podSelector: { matchLabels: { app: "b" } }, ingress: [{ from: [peer] }] });
      assert.equal(reaches([ingress], from, B, { port: 80 }), expected);
    });
  }

  it("compares ports by number, range, name and protocol", () => {
    const allowing = (port: number | string, more = {}) => [
      policy({ podSelector: { matchLabels: { app: "b" } }, ingress: [{ ports: [{ port, ...more }] }] }),
    ];
    assert.equal(reaches(allowing(80), A, B, { port: 80 }), true);
    assert.equal(reaches(allowing(80), A, B, { port: 81 }), false);
    assert.equal(reaches(allowing(80, { endPort: 90 }), A, B, { port: 81 }), true);
    assert.equal(reaches(allowing("http"), A, B, { port: 8080, name: "http" }), true);
    assert.equal(reaches(allowing(53), A, B, { port: 53, protocol: "UDP" }), false);
    assert.equal(reaches(allowing(53, { protocol: "UDP" }), A, B, { port: 53, protocol: "UDP" }), true);
  });
});
