import assert from "node:assert/strict";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { describe as describeUrn, EventCollector, type Progress } from "../../../rehearsal/engine/events.ts";

const URN = "urn:pulumi:local::vllm-stack::vllm-stack:serving:Router$kubernetes:apps/v1:Deployment::router-llama";

function event(fields: Partial<EngineEvent>): EngineEvent {
  return { sequence: 1, timestamp: 1, ...fields };
}

function step(op: "create" | "refresh" | "update" | "same") {
  const metadata = { op, urn: URN, type: "kubernetes:apps/v1:Deployment", provider: "", keys: [] };
  return { metadata: { ...metadata, detailedDiff: {} } };
}

function diagnostic(message: string, more: object = {}): EngineEvent {
  return event({ diagnosticEvent: { message, color: "never", severity: "error", urn: URN, ...more } });
}

/** Collects events, and what was passed on of them. */
function collect(...events: readonly EngineEvent[]): { collector: EventCollector; progress: readonly Progress[] } {
  const progress: Progress[] = [];
  const collector = new EventCollector((one) => progress.push(one));
  events.forEach(collector.take);
  return { collector, progress };
}

describe("the engine's events", () => {
  it("become steps with their state, and progress while they happen", () => {
    const { collector, progress } = collect(
      event({ resourcePreEvent: step("create") }),
      event({ resOutputsEvent: step("create") }),
    );
    const [router] = collector.result().steps;
    assert.deepEqual([router?.name, router?.operation, router?.status], ["router-llama", "create", "done"]);
    assert.deepEqual(
      progress.map(({ kind }) => kind),
      ["started", "finished"],
    );
  });

  it("count a refresh by what it found", () => {
    const { collector } = collect(
      event({ resourcePreEvent: step("refresh") }),
      event({ resOutputsEvent: step("update") }),
    );
    assert.deepEqual(
      collector.result().steps.map(({ operation }) => operation),
      ["update"],
    );
  });

  it("become one error text: each reason once, with its resource, without the engine's wrapping", () => {
    const reason = "Preview failed: Deployment serving/router is refused";
    const { collector } = collect(
      diagnostic(`<{%reset%}>${reason}<{%reset%}>\n`),
      diagnostic("1 error occurred:\n\t* no capacity in us-east-2\n"),
      diagnostic("no capacity in us-east-2"),
      diagnostic("update failed", { urn: undefined }),
      diagnostic("a warning", { severity: "warning" }),
    );
    assert.equal(
      collector.errors(),
      "Deployment serving/router is refused\nDeployment router-llama: no capacity in us-east-2",
    );
  });

  it("never pass on debugging messages, which hold secrets in plain text", () => {
    const { collector, progress } = collect(diagnostic("secret", { severity: "debug" }));
    assert.deepEqual([collector.result().diagnostics, progress], [[], []]);
  });

  it("show a status of a resource without keeping it", () => {
    const { collector, progress } = collect(diagnostic("1 of 2 replicas", { severity: "info", ephemeral: true }));
    assert.deepEqual(progress, [{ kind: "status", urn: URN, message: "1 of 2 replicas" }]);
    assert.deepEqual(collector.result().diagnostics, []);
  });

  it("call resources by kind and name", () => {
    assert.equal(describeUrn(URN), "Deployment router-llama");
  });
});
