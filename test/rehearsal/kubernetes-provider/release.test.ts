import assert from "node:assert/strict";
import { UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";
import { releaseHandler } from "../../../rehearsal/kubernetes-provider/release.ts";
import { checkOf } from "./operations.ts";

async function failures(inputs: Properties): Promise<readonly string[]> {
  const result = await releaseHandler.check?.(checkOf(inputs));
  return (result?.failures ?? []).map(({ path, reason }) => `${path.join(".")} ${reason}`);
}

describe("a Helm release in a rehearsal", () => {
  it("must name a chart and pin its version", async () => {
    assert.deepEqual(await failures({ chart: "keda", version: "2.20.2", values: {} }), []);
    assert.deepEqual(await failures({ chart: "keda", version: "v1.2.3-rc.1+build" }), []);
    assert.deepEqual(await failures({ chart: UNKNOWN, version: UNKNOWN }), []);
    const [chart, version] = await failures({});
    assert.match(chart ?? "", /^chart is missing/);
    assert.match(version ?? "", /^version is missing\. Pin one, such as 1\.2\.3/);
    for (const floating of ["^1.2.0", "1.x", "latest", ">=2"]) {
      assert.match((await failures({ chart: "keda", version: floating }))[0] ?? "", /is no pinned version/, floating);
    }
  });

  it("is recorded with what would be installed, and a new revision for every change", async () => {
    const said: string[] = [];
    const inputs = { chart: "keda", version: "2.20.2", name: "keda", namespace: "keda", values: { a: 1 } };
    const operation = {
      ...checkOf(inputs),
      timeoutSeconds: undefined,
      log: (severity: string, message: string) => said.push(`${severity} ${message}`),
    };
    const { id, outputs } = await releaseHandler.create(operation);
    assert.equal(id, "keda/keda");
    assert.deepEqual(said, ["warning Chart keda 2.20.2 is recorded, not installed: the rehearsal has no charts."]);
    const change = { ...operation, id, oldInputs: inputs, oldOutputs: outputs };
    const updated = await releaseHandler.update?.({ ...change, inputs: { ...inputs, version: "2.21.0" } });
    assert.deepEqual(updated?.outputs.status, {
      chart: "keda",
      version: "2.21.0",
      name: "keda",
      namespace: "keda",
      revision: 2,
      status: "recorded",
    });
  });
});
