import assert from "node:assert/strict";
import fc from "fast-check";
import type { Properties } from "../../../rehearsal/clouds/values.ts";
import { driftedInputs } from "../../../rehearsal/kubernetes-provider/drift.ts";

/** What the API server makes of inputs: a rounded quantity and defaults beside what was asked for. */
function applied(replicas: number): Properties {
  return {
    spec: {
      replicas,
      revisionHistoryLimit: 10,
      containers: [{ name: "engine", image: "vllm:1", resources: { cpu: "1" }, imagePullPolicy: "IfNotPresent" }],
    },
  };
}

const INPUTS = {
  spec: { replicas: 2, containers: [{ name: "engine", image: "vllm:1", resources: { cpu: "1000m" } }] },
};

describe("drift", () => {
  it("is not what the server adds, or writes in another way", () => {
    const live = { ...applied(2), status: { readyReplicas: 1 }, metadata: { resourceVersion: "7" } };
    assert.deepEqual(driftedInputs(INPUTS, applied(2), live), INPUTS);
  });

  it("is a value somebody changed, in the place where the program has it", () => {
    const drifted = driftedInputs(INPUTS, applied(2), applied(5));
    assert.deepEqual(drifted, { spec: { ...INPUTS.spec, replicas: 5 } });
  });

  it("is a value changed deep in a list, with everything else as the program wrote it", () => {
    const live = structuredClone(applied(2));
    const changed = JSON.parse(JSON.stringify(live).replace("vllm:1", "vllm:2")) as Properties;
    const { spec } = driftedInputs(INPUTS, applied(2), changed);
    assert.deepEqual(spec, {
      replicas: 2,
      containers: [{ name: "engine", image: "vllm:2", resources: { cpu: "1000m" } }],
    });
  });

  it("is a field or a list item somebody removed", () => {
    const inputs = { data: { kept: "1", removed: "2" }, list: ["a", "b"] };
    const drifted = driftedInputs(inputs, inputs, { data: { kept: "1" }, list: ["a"] });
    assert.deepEqual(drifted, { data: { kept: "1" }, list: ["a"] });
  });

  it("is not what a field that is never returned can tell, like the stringData of a Secret", () => {
    const inputs = { stringData: { key: "secret" } };
    const stored = { data: { key: "c2VjcmV0" } };
    assert.deepEqual(driftedInputs(inputs, stored, stored), inputs);
  });

  it("is never found where what exists is what applying gives", () => {
    const objects = fc.dictionary(fc.string(), fc.oneof(fc.integer(), fc.array(fc.string())), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(objects, objects, (inputs, server) => {
        const result = { ...inputs, ...server };
        assert.deepEqual(driftedInputs(inputs, result, result), inputs);
      }),
    );
  });
});
