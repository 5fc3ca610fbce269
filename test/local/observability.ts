import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { overviewDashboard } from "../../components/observability/dashboards/overview.ts";
import { queriesOf } from "../../components/observability/dashboards/queries.ts";
import { query } from "../../tools/client.ts";
import { chat } from "../support/openai.ts";
import type { LocalStack } from "../support/stack.ts";
import { eventually } from "./faults.ts";

/** What Prometheus sees, and so what the dashboard shows. */
export function observability(stack: () => LocalStack): void {
  describe("Prometheus", () => {
    it("has every engine, router and front pod as a target, and all of them are up", async () => {
      const { plan } = stack();
      const expected = [...plan.engines, ...plan.routers].map(({ workload }) => workload).concat(plan.front.workload);
      await eventually(async () => {
        const up = await query(stack().prometheus, "up == 1");
        for (const { name, replicas } of expected) {
          const found = up.filter(({ labels }) => labels.pod?.startsWith(`${name}-`));
          assert.equal(found.length, replicas, `${name} has ${found.length} targets up of ${replicas}`);
        }
        assert.deepEqual(await query(stack().prometheus, "up == 0"), []);
      });
    });

    it("answers every panel's query with data after some requests", async () => {
      for (let round = 0; round < 6; round++) {
        const shared = `${randomUUID()} ${"the same words again and again ".repeat(30)}`;
        for (const { servedName } of stack().plan.engines) {
          for (let turn = 0; turn < 4; turn++) await chat(stack(), servedName, `${shared} ${turn}`);
        }
      }
      const variables = { namespace: stack().plan.namespace, model: ".*", __rate_interval: "30s" };
      const queries = queriesOf(overviewDashboard(), variables);
      assert.ok(queries.length >= 7, `${queries.length} queries`);
      for (const { panel, expr } of queries) {
        await eventually(async () => {
          const series = await query(stack().prometheus, expr);
          assert.ok(series.length > 0, `${panel}: no series for ${expr}`);
          assert.ok(
            series.some(({ value }) => Number.isFinite(value)),
            `${panel}: no number in ${JSON.stringify(series.slice(0, 3))}`,
          );
        });
      }
    });
  });
}
