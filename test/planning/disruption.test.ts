import assert from "node:assert/strict";
import { environmentNames, readEnvironment } from "../../environments/schema/file.ts";
import { plan } from "../../planning/plan.ts";

describe("disruption budgets", () => {
  for (const name of environmentNames()) {
    it(`of ${name} let a drained node take one of several replicas at a time, and leave single ones out`, () => {
      const { engines, routers, front, observability } = plan(name, readEnvironment(name).environment);
      const workloads = [
        ...[...engines, ...routers, front].map(({ workload }) => workload),
        ...[observability?.prometheus ?? null, observability?.grafana ?? null].filter((workload) => workload !== null),
      ];
      const expected = workloads.map(({ name: workload, replicas }) => [workload, replicas > 1 ? 1 : undefined]);
      assert.deepEqual(
        workloads.map(({ name: workload, disruption }) => [workload, disruption?.maxUnavailable]),
        expected,
      );
      assert.ok(expected.some(([, budget]) => budget === 1) && expected.some(([, budget]) => budget === undefined));
    });
  }

  it("are left out while an environment is paused", () => {
    const { name, environment } = readEnvironment("local");
    const { engines } = plan(name, { ...environment, paused: true });
    assert.deepEqual(
      engines.map(({ workload }) => workload.disruption),
      engines.map(() => null),
    );
  });
});
