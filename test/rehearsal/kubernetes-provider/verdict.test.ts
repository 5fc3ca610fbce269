import assert from "node:assert/strict";
import type { Properties } from "../../../rehearsal/clouds/values.ts";
import { verdictOn, type Related } from "../../../rehearsal/kubernetes-provider/verdict.ts";

const NOTHING: Related = { endpointSlices: [], storageClasses: [] };

/** The verdict as `ready`, or `state: message`. */
function verdict(kind: string, object: Properties, related: Partial<Related> = {}): string {
  const [apiVersion, name] = kind.includes(" ") ? kind.split(" ") : ["v1", kind];
  const result = verdictOn({ apiVersion: apiVersion ?? "", kind: name ?? "", ...object }, { ...NOTHING, ...related });
  return result.state === "ready" ? "ready" : `${result.state}: ${result.message}`;
}

/** A Deployment of three replicas whose controller has seen it. */
function deployment(status: Properties): Properties {
  return { metadata: { generation: 2 }, spec: { replicas: 3 }, status: { observedGeneration: 2, ...status } };
}

describe("whether an object is ready", () => {
  it("follows a Deployment through its rollout, to the last replica of the old version", () => {
    const on = (status: Properties) => verdict("apps/v1 Deployment", deployment(status));
    assert.equal(on({ observedGeneration: 1 }), "waiting: its controller has not seen the change yet");
    assert.equal(on({ replicas: 4, updatedReplicas: 2 }), "waiting: 2 of 3 replicas are of the new version");
    const surge = { replicas: 4, updatedReplicas: 3, availableReplicas: 3 };
    assert.equal(on(surge), "waiting: replicas of the old version that are still there: 1");
    const slow = { replicas: 3, updatedReplicas: 3, availableReplicas: 1 };
    assert.equal(on(slow), "waiting: 1 of 3 replicas are available");
    assert.equal(on({ replicas: 3, updatedReplicas: 3, availableReplicas: 3 }), "ready");
  });

  it("gives up on a Deployment that made no progress before its deadline, with the controller's words", () => {
    const message = 'ReplicaSet "engine-1" has timed out progressing.';
    const condition = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message };
    assert.equal(
      verdict("apps/v1 Deployment", deployment({ conditions: [condition] })),
      `failed: its rollout made no progress within the deadline: ${message}`,
    );
  });

  it("waits again in a new run for a Deployment that missed its deadline in an earlier one", () => {
    const lastUpdateTime = "2026-11-20T10:00:00Z";
    const condition = { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", lastUpdateTime };
    const object = deployment({ conditions: [condition], replicas: 3, updatedReplicas: 3 });
    const since = (time: string) => verdict("apps/v1 Deployment", object, { since: Date.parse(time) });
    assert.match(since("2026-11-20T09:59:59Z"), /^failed: its rollout made no progress/);
    assert.equal(since("2026-11-20T10:00:01Z"), "waiting: 0 of 3 replicas are available");
  });

  it("doesn't wait for a Deployment that is paused or scaled to zero", () => {
    assert.equal(verdict("apps/v1 Deployment", { metadata: { generation: 1 }, spec: { paused: true } }), "ready");
    const zero = { metadata: { generation: 1 }, spec: { replicas: 0 }, status: { observedGeneration: 1 } };
    assert.equal(verdict("apps/v1 Deployment", zero), "ready");
  });

  it("waits for every pod of a StatefulSet, but for the new version only above its partition", () => {
    const rolling = { readyReplicas: 2, updatedReplicas: 1, currentRevision: "a", updateRevision: "b" };
    const set = (spec: Properties) => ({ spec: { replicas: 2, ...spec }, status: rolling });
    assert.equal(verdict("apps/v1 StatefulSet", set({})), "waiting: 1 of 2 replicas are of the new version");
    const partition = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } };
    assert.equal(verdict("apps/v1 StatefulSet", set(partition)), "ready");
    assert.equal(verdict("apps/v1 StatefulSet", set({ updateStrategy: { type: "OnDelete" } })), "ready");
    assert.equal(verdict("apps/v1 StatefulSet", set({ replicas: 3 })), "waiting: 2 of 3 replicas are ready");
  });

  it("waits for a DaemonSet on every node it is meant for, and not at all without nodes", () => {
    const some = { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 2 };
    assert.equal(verdict("apps/v1 DaemonSet", { status: some }), "waiting: its pods are available on 2 of 3 nodes");
    const old = { ...some, updatedNumberScheduled: 1 };
    assert.equal(verdict("apps/v1 DaemonSet", { status: old }), "waiting: 1 of 3 nodes run the new version");
    assert.equal(verdict("apps/v1 DaemonSet", { status: {} }), "ready");
  });

  it("waits until a Job is done, and says why it failed", () => {
    assert.equal(
      verdict("batch/v1 Job", { spec: { completions: 2 }, status: { succeeded: 1 } }),
      "waiting: 1 of 2 pods have completed",
    );
    assert.equal(verdict("batch/v1 Job", { status: { conditions: [{ type: "Complete", status: "True" }] } }), "ready");
    const failure = { type: "Failed", status: "True", reason: "BackoffLimitExceeded", message: "too many retries" };
    assert.equal(
      verdict("batch/v1 Job", { status: { conditions: [failure] } }),
      "failed: it failed: BackoffLimitExceeded too many retries",
    );
    assert.equal(verdict("batch/v1 Job", { spec: { suspend: true } }), "ready");
  });

  it("waits for a pod to be ready or done", () => {
    assert.equal(verdict("Pod", { status: { phase: "Running" } }), "waiting: it is running but not ready");
    assert.equal(
      verdict("Pod", { status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } }),
      "ready",
    );
    assert.equal(verdict("Pod", { status: { phase: "Succeeded" } }), "ready");
    assert.equal(verdict("Pod", { status: { phase: "Failed", message: "evicted" } }), "failed: it failed: evicted");
  });

  it("waits for an endpoint of a Service that selects pods, and of no other Service", () => {
    const spec = { selector: { app: "engine" }, clusterIP: "10.96.0.9" };
    const endpointSlices = [{ endpoints: [{ conditions: { ready: false } }] }];
    assert.equal(verdict("Service", { spec }, { endpointSlices }), "waiting: none of the pods it selects is ready");
    assert.equal(verdict("Service", { spec }, { endpointSlices: [{ endpoints: [{ conditions: {} }] }] }), "ready");
    assert.equal(verdict("Service", { spec: { ...spec, clusterIP: "None" } }), "ready");
    assert.equal(verdict("Service", { spec: { clusterIP: "10.96.0.9" } }), "ready");
    assert.equal(verdict("Service", { spec: { type: "ExternalName", selector: { app: "engine" } } }), "ready");
  });

  it("waits for the address of a load balancer or an Ingress", () => {
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.1" }] } };
    assert.equal(
      verdict("Service", { spec: { type: "LoadBalancer" } }),
      "waiting: no load balancer has been given to it",
    );
    assert.equal(verdict("Service", { spec: { type: "LoadBalancer" }, status }), "ready");
    assert.match(verdict("networking.k8s.io/v1 Ingress", {}), /^waiting: no ingress controller/);
    assert.equal(verdict("networking.k8s.io/v1 Ingress", { status }), "ready");
  });

  it("waits for a volume, unless it is made only when a pod asks for it", () => {
    const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
    const lazy = { metadata: { name: "lazy", annotations }, volumeBindingMode: "WaitForFirstConsumer" };
    const eager = { metadata: { name: "eager" }, volumeBindingMode: "Immediate" };
    const storageClasses = [lazy, eager];
    const claim = (storageClassName?: string) => ({
      spec: storageClassName === undefined ? {} : { storageClassName },
      status: { phase: "Pending" },
    });
    assert.equal(verdict("PersistentVolumeClaim", claim("eager"), { storageClasses }), "waiting: it is Pending");
    assert.equal(verdict("PersistentVolumeClaim", claim("lazy"), { storageClasses }), "ready");
    assert.equal(verdict("PersistentVolumeClaim", claim(), { storageClasses }), "ready");
    assert.equal(verdict("PersistentVolumeClaim", { status: { phase: "Lost" } }), "failed: it is Lost");
  });

  it("waits until the API serves a new kind", () => {
    const kind = "apiextensions.k8s.io/v1 CustomResourceDefinition";
    assert.equal(verdict(kind, {}), "waiting: condition Established is not there");
    assert.equal(verdict(kind, { status: { conditions: [{ type: "Established", status: "True" }] } }), "ready");
    const refused = { type: "NamesAccepted", status: "False", message: "plural name is taken" };
    assert.equal(
      verdict(kind, { status: { conditions: [refused] } }),
      "failed: its names are refused: plural name is taken",
    );
  });

  it("takes everything else for ready, and custom resources even under the name of a known kind", () => {
    assert.equal(verdict("ConfigMap", {}), "ready");
    assert.equal(verdict("serving.example.com/v1 Service", { spec: { selector: { app: "engine" } } }), "ready");
  });
});
