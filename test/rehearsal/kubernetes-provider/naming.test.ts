import assert from "node:assert/strict";
import { textAt, UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";
import { complete, idOf, isAutonamed, splitId } from "../../../rehearsal/kubernetes-provider/naming.ts";
import { checkOf } from "./operations.ts";

const SERVICE = { apiVersion: "v1", kind: "Service" };
const IN_NAMESPACE = { namespaced: true, defaultNamespace: "serving" };

function completed(inputs: Properties, oldInputs: Properties = {}, name?: string): Properties {
  const result = complete(checkOf(inputs, oldInputs, name), SERVICE, IN_NAMESPACE);
  assert.deepEqual(result.failures, []);
  return result.inputs;
}

describe("the completion of an object's inputs", () => {
  it("adds API version, kind and the provider's namespace, and keeps a given name", () => {
    assert.deepEqual(completed({ metadata: { name: "front" }, spec: {} }), {
      ...SERVICE,
      metadata: { name: "front", namespace: "serving" },
      spec: {},
    });
  });

  it("makes up a name that is the same for preview and update, and kept in later runs", () => {
    const first = completed({}, {}, "Front_Proxy");
    assert.match(textAt(first, "metadata", "name") ?? "", /^front-proxy-[0-9a-f]{8}$/);
    assert.ok(isAutonamed(first));
    assert.deepEqual(completed({}, {}, "Front_Proxy"), first);
    const later = completed(
      {},
      { ...first, metadata: { name: "kept-1", annotations: { "pulumi.com/autonamed": "true" } } },
    );
    assert.equal(textAt(later, "metadata", "name"), "kept-1");
  });

  it("makes up another name after a fixed one, as the two objects may have to exist together", () => {
    const later = completed({}, { metadata: { name: "front" } });
    assert.notEqual(textAt(later, "metadata", "name"), "front");
  });

  it("keeps made-up names short enough for what controllers add to them", () => {
    assert.ok((textAt(completed({}, {}, "a".repeat(200)), "metadata", "name") ?? "").length <= 52);
  });

  it("leaves a namespace alone that a preview doesn't know yet", () => {
    const inputs = completed({ metadata: { name: "front", namespace: UNKNOWN } });
    assert.deepEqual(inputs.metadata, { name: "front", namespace: UNKNOWN });
  });

  it("refuses a namespace for what lives outside of them, and generateName", () => {
    const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
    const metadata = { namespace: "serving", generateName: "role-" };
    const place = { namespaced: false, defaultNamespace: "default" };
    const { failures = [] } = complete(checkOf({ metadata }), role, place);
    assert.deepEqual(
      failures.map(({ path }) => path.join(".")),
      ["metadata.generateName", "metadata.namespace"],
    );
  });

  it("identifies objects by namespace and name, as imports do", () => {
    assert.equal(idOf({ metadata: { namespace: "serving", name: "front" } }), "serving/front");
    assert.equal(idOf({ metadata: { name: "serving" } }), "serving");
    assert.deepEqual(splitId("serving/front"), { namespace: "serving", name: "front" });
    assert.deepEqual(splitId("system:auth-delegator"), { name: "system:auth-delegator" });
  });
});
