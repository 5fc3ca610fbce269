import assert from "node:assert/strict";
import type { Properties } from "../../../rehearsal/clouds/values.ts";
import { controllerProblem, podProblems, selectorText } from "../../../rehearsal/kubernetes-provider/reasons.ts";

/** A pod as the API server returned it while it didn't start. */
function pod(status: Properties, spec: Properties = {}): Properties {
  return { metadata: { name: "engine-1", uid: "pod-uid" }, spec, status };
}

function container(state: Properties, more: Properties = {}): Properties {
  return pod({
    phase: "Pending",
    containerStatuses: [{ name: "vllm", ready: false, restartCount: 0, state, ...more }],
  });
}

function event(reason: string, message: string, lastTimestamp = "2026-11-20T10:00:00Z"): Properties {
  return { reason, message, lastTimestamp, involvedObject: { uid: "pod-uid" } };
}

function reason(given: Properties, events: readonly Properties[] = []): string | undefined {
  return podProblems([given], events)[0]?.message;
}

describe("why a pod doesn't start", () => {
  it("is the scheduler's message when no node has room", () => {
    const message = "0/2 nodes are available: 2 Insufficient nvidia.com/gpu.";
    const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }];
    assert.equal(reason(pod({ phase: "Pending", conditions })), `can't be scheduled: ${message}`);
  });

  it("is the image that can't be pulled", () => {
    const waiting = { reason: "ImagePullBackOff", message: 'Back-off pulling image "vllm/vllm-openai:nope"' };
    const expected = 'container vllm: ImagePullBackOff (Back-off pulling image "vllm/vllm-openai:nope")';
    assert.equal(reason(container({ waiting })), expected);
  });

  it("is the image that is being pulled, which can take long", () => {
    const state = { waiting: { reason: "ContainerCreating" } };
    const pulling = event("Pulling", 'Pulling image "vllm/vllm-openai:v0.33.0"');
    assert.equal(reason(container(state), [pulling]), 'Pulling image "vllm/vllm-openai:v0.33.0"');
  });

  it("is a volume that can't be mounted, by the newest event", () => {
    const events = [
      event("FailedMount", 'configmap "old" not found', "2026-11-20T10:00:00Z"),
      event("FailedMount", 'configmap "new" not found', "2026-11-20T10:01:00Z"),
    ];
    assert.equal(reason(container({ waiting: { reason: "ContainerCreating" } }), events), 'configmap "new" not found');
  });

  it("is the end of a container that crashes, and whose output says more", () => {
    const lastState = { terminated: { exitCode: 137, reason: "OOMKilled" } };
    const crashing = container({ waiting: { reason: "CrashLoopBackOff" } }, { lastState, restartCount: 3 });
    assert.deepEqual(podProblems([crashing], []), [
      {
        pod: "engine-1",
        message: "container vllm crashes: OOMKilled, exit code 137",
        crashed: { container: "vllm", previous: true },
      },
    ]);
  });

  it("is the crash even while the container runs again and is ready for a moment", () => {
    const lastState = { terminated: { exitCode: 1, reason: "Error" } };
    const conditions = [{ type: "Ready", status: "True" }];
    const statuses = [{ name: "vllm", ready: true, restartCount: 2, state: { running: { startedAt: "" } }, lastState }];
    const again = pod({ phase: "Running", conditions, containerStatuses: statuses });
    assert.equal(reason(again), "container vllm was restarted 2 times: exit code 1");
  });

  it("is the probe that fails, with what the kubelet says of it", () => {
    const running = container({ running: { startedAt: "2026-11-20T10:00:00Z" } });
    const probe = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
    assert.equal(reason(running, [probe]), "Readiness probe failed: HTTP probe failed with statuscode: 503");
    assert.equal(reason(running), "container vllm runs but is not ready yet");
  });

  it("is an init container before the containers that wait for it", () => {
    const failed = { name: "weights", state: { terminated: { exitCode: 2, reason: "Error" } } };
    const waits = { name: "vllm", state: { waiting: { reason: "PodInitializing" } } };
    const status = { phase: "Pending", initContainerStatuses: [failed], containerStatuses: [waits] };
    assert.equal(reason(pod(status)), "container weights ended: exit code 2");
  });

  it("is the node that doesn't answer, when nothing else is known", () => {
    const expected = "is on node gpu-1, which has not started it yet";
    assert.equal(reason(pod({ phase: "Pending" }, { nodeName: "gpu-1" })), expected);
  });

  it("is nothing for pods that are ready, done or being deleted", () => {
    const ready = pod({ phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
    const deleted = {
      ...pod({ phase: "Pending" }),
      metadata: { name: "old", deletionTimestamp: "2026-11-20T10:00:00Z" },
    };
    assert.deepEqual(podProblems([ready, pod({ phase: "Succeeded" }), deleted], []), []);
  });
});

describe("why a controller makes no pods", () => {
  it("is what admission or a quota refused", () => {
    const message = 'pods "engine-1" is forbidden: violates PodSecurity "restricted:latest"';
    const status = { conditions: [{ type: "ReplicaFailure", status: "True", message }] };
    assert.equal(controllerProblem({ status }, []), message);
  });

  it("is told by events for controllers without such a condition", () => {
    const set = { metadata: { uid: "pod-uid" } };
    assert.equal(controllerProblem(set, [event("FailedCreate", "exceeded quota")]), "exceeded quota");
  });
});

describe("the selector of a workload, as the API takes it", () => {
  it("is made of labels and expressions, or of the plain labels of a Service", () => {
    const matchExpressions = [
      { key: "tier", operator: "In", values: ["a", "b"] },
      { key: "old", operator: "DoesNotExist" },
    ];
    assert.equal(selectorText({ matchLabels: { app: "engine" }, matchExpressions }), "app=engine,tier in (a,b),!old");
    assert.equal(selectorText({ app: "engine", model: "llama" }), "app=engine,model=llama");
    assert.equal(selectorText({}), undefined);
  });
});
