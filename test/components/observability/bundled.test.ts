import assert from "node:assert/strict";
import { podAnnotations, recordPlan } from "../../support/components.ts";
import { the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";

describe("bundled observability", () => {
  let run: Recording;

  before(async () => {
    run = await recordPlan(literalPlan());
  });

  it("provisions Grafana's dashboards from a ConfigMap that is there before Grafana", () => {
    assert.deepEqual(the(run, "core/v1:ConfigMap", "grafana-dashboards").inputs.data, { "overview.json": "{}" });
    assert.ok(the(run, "apps/v1:Deployment", "grafana").dependsOn.includes("observability-grafana-dashboards"));
  });

  it("waits for its Secrets and network policies, and for nothing that serves", () => {
    assert.ok(the(run, "apps/v1:Deployment", "grafana").dependsOn.includes("serving-secrets-grafana-admin"));
    for (const name of ["grafana", "prometheus"]) {
      const { dependsOn } = the(run, "apps/v1:Deployment", name);
      assert.ok(dependsOn.includes(`serving-policies-${name}`));
      assert.ok(
        !dependsOn.some((other) => /engine|router|front/.test(other)),
        "a model that fails to load must be seen",
      );
    }
  });

  it("rolls Prometheus out when its configuration changes", () => {
    assert.ok("vllm-stack/config-hash" in podAnnotations(the(run, "apps/v1:Deployment", "prometheus")));
  });

  it("makes neither Grafana nor its dashboards where the plan has none", async () => {
    const plan = literalPlan();
    assert.ok(plan.observability !== null);
    const without = await recordPlan({
      ...plan,
      observability: { ...plan.observability, grafana: null, grafanaUrl: null },
    });
    assert.deepEqual(
      without.resources.filter(({ urn }) => urn.includes("Grafana") || urn.includes("grafana-dash")),
      [],
    );
  });
});
