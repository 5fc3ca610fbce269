import assert from "node:assert/strict";
import fc from "fast-check";
import { compare, compareInputs } from "../../../rehearsal/clouds/compare.ts";
import { formatPath, sameValue, UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";

/** Differences as `kind path`. */
function differences(before: Properties, after: Properties): readonly string[] {
  return compare(before, after, () => false).map(({ kind, path }) => `${kind} ${formatPath(path)}`);
}

describe("the comparison of old and new inputs", () => {
  it("names each property that differs at its deepest place", () => {
    const before = { spec: { replicas: 1, containers: [{ image: "a" }, { image: "b" }] }, labels: { old: "1" } };
    const after = { spec: { replicas: 2, containers: [{ image: "a" }] }, labels: { "example.com/new": "1" } };
    assert.deepEqual(differences(before, after), [
      "update spec.replicas",
      "delete spec.containers[1]",
      "delete labels.old",
      'add labels["example.com/new"]',
    ]);
  });

  it("counts what isn't known yet as different, even from itself", () => {
    assert.deepEqual(differences({ address: UNKNOWN }, { address: UNKNOWN }), ["update address"]);
  });

  it("doesn't tell a missing property from null", () => {
    assert.deepEqual(differences({ timeout: null }, {}), []);
  });

  it("marks the properties that replace the resource", () => {
    const handler = { replaceOn: ["zone"], deleteBeforeReplace: true, create: () => ({ id: "", outputs: {} }) };
    const result = compareInputs(handler, { zone: { name: "a" }, size: 1 }, { zone: { name: "b" }, size: 2 });
    assert.equal(result.deleteBeforeReplace, true);
    assert.deepEqual(
      result.differences.map(({ path, replaces }) => [formatPath(path), replaces]),
      [
        ["zone.name", true],
        ["size", false],
      ],
    );
  });

  it("finds nothing exactly when two objects are the same", () => {
    const values = fc.dictionary(
      fc.constantFrom("a", "b", "c"),
      fc.oneof(fc.integer({ min: 0, max: 2 }), fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 })),
    );
    fc.assert(
      fc.property(values, values, (one, other) => {
        assert.equal(differences(one, other).length === 0, sameValue(one, other));
      }),
    );
  });
});
