import assert from "node:assert/strict";
import type { Difference } from "../../../rehearsal/clouds/provider.ts";
import { formatPath } from "../../../rehearsal/clouds/values.ts";
import { ApiError } from "../../../rehearsal/kubernetes-provider/api-errors.ts";
import {
  effectiveDifferences,
  inputDifferences,
  isAnotherObject,
  replacingDifferences,
} from "../../../rehearsal/kubernetes-provider/differences.ts";
import { mutableKinds } from "../../../rehearsal/kubernetes-provider/immutable.ts";

const NONE: ReadonlySet<string> = new Set();
const CONFIG_MAP = { apiVersion: "v1", kind: "ConfigMap" };
const SECRET = { apiVersion: "v1", kind: "Secret" };
const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" };

function shown(differences: readonly Difference[]): readonly string[] {
  return differences.map(({ kind, path, replaces }) => `${kind} ${formatPath(path)}${replaces ? " replaces" : ""}`);
}

/** The API server's answer to a change of the given fields. */
function refusal(...causes: readonly { field: string; message: string }[]): ApiError {
  return new ApiError(422, { message: "invalid", reason: "Invalid", details: { causes } }, "");
}

describe("what a change of an object means", () => {
  it("is what the server would really change: no bookkeeping, no status, no defaults", () => {
    const live = {
      metadata: { name: "a", uid: "1", resourceVersion: "1" },
      spec: { replicas: 1 },
      status: { replicas: 1 },
    };
    const applied = { metadata: { name: "a", uid: "1", resourceVersion: "2" }, spec: { replicas: 2 } };
    assert.deepEqual(shown(effectiveDifferences(live, applied, { spec: { replicas: 2 } }, NONE)), [
      "update spec.replicas",
    ]);
    assert.deepEqual(shown(effectiveDifferences(live, { ...live, status: {} }, {}, NONE)), []);
  });

  it("is named where the program wrote it, for Secrets given as text", () => {
    const live = { data: { key: "b2xk" } };
    const inputs = { ...SECRET, stringData: { key: "new" } };
    const changed = (mutable: ReadonlySet<string>) =>
      effectiveDifferences(live, { data: { key: "bmV3" } }, inputs, mutable);
    assert.deepEqual(shown(changed(new Set(["Secret"]))), ["update stringData.key"]);
    assert.deepEqual(shown(changed(NONE)), ["update stringData.key replaces"]);
  });

  it("replaces ConfigMaps and Secrets for their data, unless the provider is told to change them in place", () => {
    const changed = (mutable: ReadonlySet<string>) =>
      shown(inputDifferences(CONFIG_MAP, { data: { a: "1" } }, { data: { a: "2" } }, mutable));
    assert.deepEqual(changed(mutableKinds({})), ["update data.a replaces"]);
    assert.deepEqual(changed(mutableKinds({ enableSecretMutable: "true" })), ["update data.a replaces"]);
    assert.deepEqual(changed(mutableKinds({ enableConfigMapMutable: "true" })), ["update data.a"]);
  });

  it("is another object when name, namespace, kind or API version differ", () => {
    const object = { ...DEPLOYMENT, metadata: { name: "a", namespace: "b" } };
    assert.equal(isAnotherObject(object, { ...object, spec: {} }), false);
    assert.equal(isAnotherObject(object, { ...object, metadata: { name: "a", namespace: "c" } }), true);
  });

  it("is a replacement for the fields the server says are immutable, and for no others", () => {
    const before = { spec: { replicas: 1, selector: { matchLabels: { app: "a" } } } };
    const after = { spec: { replicas: 2, selector: { matchLabels: { app: "b" } } } };
    assert.deepEqual(shown(replacingDifferences(DEPLOYMENT, before, after, ["spec.selector"])), [
      "update spec.replicas",
      "update spec.selector.matchLabels.app replaces",
    ]);
  });

  it("is a replacement even where the server names only the whole, as for StatefulSets", () => {
    const kind = { apiVersion: "apps/v1", kind: "StatefulSet" };
    const differences = replacingDifferences(kind, { spec: { serviceName: "a" } }, { spec: { serviceName: "b" } }, [
      "spec",
    ]);
    assert.deepEqual(shown(differences), ["update spec.serviceName replaces"]);
  });

  it("can be told without a server: by the table of immutable fields", () => {
    const before = { immutable: true, data: { a: "1" } };
    const mutable = new Set(["ConfigMap"]);
    const differences = inputDifferences(CONFIG_MAP, before, { immutable: true, data: {} }, mutable);
    assert.deepEqual(shown(differences), ["delete data.a replaces"]);
  });

  it("is a refusal, and no replacement, when anything else is wrong too", () => {
    const immutable = { field: "spec.selector", message: "Invalid value: {…}: field is immutable" };
    const invalid = { field: "spec.replicas", message: "Invalid value: -1: must be greater than or equal to 0" };
    assert.deepEqual(refusal(immutable).immutableFields, ["spec.selector"]);
    assert.deepEqual(refusal(immutable, invalid).immutableFields, []);
  });

  it("understands every way in which Kubernetes 1.36 says that a field can't be changed", () => {
    const sayings = [
      'Invalid value: "b": field is immutable',
      "Forbidden: field is immutable when `immutable` is set",
      "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden",
      "Forbidden: pod updates may not change fields other than `spec.containers[*].image`",
      "Forbidden: spec is immutable after creation except resources.requests",
      'Invalid value: "ClusterRole": cannot change roleRef',
      "Forbidden: may not be changed in an update.",
      'Invalid value: []string{"10.96.0.1"}: may not change once set',
      "Forbidden: updates to parameters are forbidden.",
    ];
    for (const message of sayings) assert.deepEqual(refusal({ field: "f", message }).immutableFields, ["f"], message);
  });
});
