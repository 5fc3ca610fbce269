import assert from "node:assert/strict";
import type { Properties } from "../../../rehearsal/clouds/values.ts";
import { expectationsOf, timeoutOf, verdictByExpectations } from "../../../rehearsal/kubernetes-provider/wait-for.ts";

function annotated(waitFor: string, status: Properties = {}): Properties {
  return { metadata: { annotations: { "pulumi.com/waitFor": waitFor } }, status };
}

function verdict(object: Properties): string {
  const expectations = expectationsOf(object);
  if (typeof expectations === "string") return expectations;
  const result = verdictByExpectations(object, expectations);
  return result.state === "ready" ? "ready" : result.message;
}

const READY = { conditions: [{ type: "Ready", status: "True" }], phase: "Running", list: [{ "a.b": 3 }] };

describe("pulumi.com/waitFor", () => {
  it("waits for a condition to be true, or to be what is given", () => {
    assert.equal(verdict(annotated("condition=Ready")), "condition Ready is not there");
    assert.equal(verdict(annotated("condition=Ready", READY)), "ready");
    assert.equal(verdict(annotated("condition=Ready=False", READY)), "condition Ready is True");
  });

  it("waits for a field to be there, or to have a value", () => {
    assert.equal(verdict(annotated("jsonpath={.status.phase}", READY)), "ready");
    assert.equal(verdict(annotated("jsonpath={.status.phase}=Done", READY)), "status.phase is Running, not Done");
    assert.equal(verdict(annotated('jsonpath={.status.list[0]["a.b"]}=3', READY)), "ready");
    assert.equal(verdict(annotated("jsonpath={.status.missing}=1", READY)), "status.missing is not there");
  });

  it("waits for everything in a list", () => {
    const list = JSON.stringify(["condition=Ready", "jsonpath={.status.phase}=Done"]);
    assert.equal(verdict(annotated(list, READY)), "status.phase is Running, not Done");
  });

  it("is refused when it can't be understood, instead of not waiting at all", () => {
    assert.match(verdict(annotated("Ready")), /^Ready – must be condition=Type/);
    assert.match(verdict(annotated("jsonpath={.items[?(@.a)]}")), /must be/);
    assert.match(verdict(annotated("[broken")), /is no valid JSON list/);
  });
});

describe("the time limit of an operation", () => {
  it("is the resource option, else the annotation, else ten minutes", () => {
    const object = { metadata: { annotations: { "pulumi.com/timeoutSeconds": "3600" } } };
    assert.equal(timeoutOf(object, 30), 30);
    assert.equal(timeoutOf(object, undefined), 3600);
    assert.equal(timeoutOf({}, undefined), 600);
    assert.equal(timeoutOf({ metadata: { annotations: { "pulumi.com/timeoutSeconds": "soon" } } }, undefined), 600);
  });
});
