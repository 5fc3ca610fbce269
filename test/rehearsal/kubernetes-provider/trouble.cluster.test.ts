import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import type { Progress } from "../../../rehearsal/engine/events.ts";
import { kubernetesStandIn } from "../../../rehearsal/kubernetes-provider/provider.ts";
import { changes, withRehearsal } from "../../support/engine.ts";
import { sharedCluster, type TestCluster } from "./support/cluster.ts";
import { beginning, onCluster } from "./support/run.ts";

describe("the stand-in, when something goes wrong", function () {
  this.timeout(300_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await sharedCluster();
  });

  it("says why pods don't start: image, scheduling, crash with its last words, probe, missing Secret", async () => {
    const secretArgument = "sk-never-to-be-shown";
    const failing = () => {
      const { provider, namespace } = beginning(cluster);
      const key = new k8s.core.v1.Secret(
        "key",
        { metadata: { name: "key", namespace: namespace.metadata.name }, stringData: { key: secretArgument } },
        { provider },
      );
      const pause = "localhost/vllm-stack/pause:1";
      const valueFrom = { secretKeyRef: { name: "key", key: "key" } };
      const containers: Record<string, object> = {
        image: { image: "localhost/not-there:1", imagePullPolicy: "Never" },
        scheduling: { image: pause, resources: { limits: { "nvidia.com/gpu": 99 } } },
        crash: {
          image: "localhost/vllm-stack/inference-sim:0.10.2",
          args: ["--port=$(KEY)"],
          env: [{ name: "KEY", valueFrom }],
        },
        probe: { image: pause, readinessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1 } },
        secret: { image: pause, envFrom: [{ secretRef: { name: "missing" } }] },
      };
      for (const [name, container] of Object.entries(containers)) {
        const labels = { app: name };
        const annotations = { "pulumi.com/timeoutSeconds": "15" };
        new k8s.apps.v1.Deployment(
          name,
          {
            metadata: { name, namespace: namespace.metadata.name, annotations },
            spec: {
              // Without it a container that is about to crash is available for a moment.
              minReadySeconds: 5,
              selector: { matchLabels: labels },
              template: {
                metadata: { labels },
                spec: { containers: [{ name, ...container }], terminationGracePeriodSeconds: 1 },
              },
            },
          },
          { provider, dependsOn: [key] },
        );
      }
      return Promise.resolve({});
    };
    const seen: string[] = [];
    await onCluster(
      failing,
      async (engine) => {
        await assert.rejects(engine.up(), (error) => {
          assert.ok(error instanceof Error);
          const { message } = error;
          assert.match(
            message,
            /Deployment serving-test\/image is not ready after 15 s: 0 of 1 replicas are available/,
          );
          assert.match(message, /container image: ErrImageNeverPull/);
          assert.match(message, /can't be scheduled: .*Insufficient nvidia\.com\/gpu/);
          assert.match(
            message,
            /container crash (?:crashes|was restarted \d+ times): .*exit code \d+\n(?: {4}\|.*\n)* {4}\| .*invalid argument \\?"\[secret\]/,
          );
          assert.match(message, /Readiness probe failed: dial tcp .*:9: connect: connection refused/);
          assert.match(message, /CreateContainerConfigError \(secret "missing" not found\)/);
          return true;
        });
        assert.ok(seen.some((event) => event.includes('"kind":"status"') && event.includes("can't be scheduled")));
        assert.ok(!seen.join("\n").includes(secretArgument), "the secret is in a message");
      },
      { onProgress: (progress: Progress) => seen.push(JSON.stringify(progress)) },
    );
  });

  it("stops waiting as soon as the run is cancelled, and goes on from there in the next run", async () => {
    let ready = false;
    const slow = () => {
      const { provider, namespace } = beginning(cluster);
      const labels = { app: "slow" };
      const gpus = ready ? 1 : 99;
      const container = { name: "slow", image: "localhost/vllm-stack/pause:1" };
      new k8s.apps.v1.Deployment(
        "slow",
        {
          metadata: { name: "slow", namespace: namespace.metadata.name },
          spec: {
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                containers: [{ ...container, resources: { limits: { "nvidia.com/gpu": String(gpus) } } }],
                terminationGracePeriodSeconds: 1,
              },
            },
          },
        },
        { provider },
      );
      return Promise.resolve({});
    };
    const stateDir = cluster.temporaryFolder("state");
    const stop = new AbortController();
    let stoppedAt = 0;
    const cut = withRehearsal(
      async () => ({ ...(await slow()) }),
      [kubernetesStandIn()],
      (engine) => engine.up(),
      {
        stateDir,
        signal: stop.signal,
        onProgress: (progress) => {
          if (progress.kind !== "status" || stoppedAt > 0) return;
          stoppedAt = Date.now();
          stop.abort();
        },
      },
    );
    await assert.rejects(cut, { message: /cancelled/ });
    assert.ok(Date.now() - stoppedAt < 10_000);
    ready = true;
    await onCluster(
      slow,
      async (engine) => {
        await engine.up();
        assert.deepEqual(changes(await engine.preview()), []);
      },
      { stateDir },
    );
  });

  it("doesn't take over what others made, unless it is imported", async () => {
    const settings = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "settings", namespace: "default" },
      data: { mode: "fast" },
    };
    await cluster.create(settings);
    let imported = false;
    const taking = () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: cluster.kubeconfig, clusterIdentifier: "test" });
      const { metadata, data } = settings;
      const id = imported ? { import: "default/settings" } : {};
      new k8s.core.v1.ConfigMap("settings", { metadata, data }, { provider, ...id });
      return Promise.resolve({});
    };
    await onCluster(taking, async (engine) => {
      const message = /^ConfigMap default\/settings exists already\. Import it, delete it, or choose another name\./;
      await assert.rejects(engine.preview(), { message });
      await assert.rejects(engine.up(), { message });
      imported = true;
      assert.deepEqual(
        changes(await engine.up()),
        ["create cluster", "create vllm-stack-test", "import settings"].slice(2),
      );
      assert.deepEqual(changes(await engine.preview()), []);
    });
    assert.equal(await cluster.find(settings), undefined);
  });

  it("reports the finalizers a deletion waits for", async () => {
    const finalizers = ["example.com/held"];
    const name = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "held", namespace: "default" } };
    const holding = () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: cluster.kubeconfig, clusterIdentifier: "test" });
      const metadata = { ...name.metadata, finalizers };
      new k8s.core.v1.ConfigMap("held", { metadata }, { provider, customTimeouts: { delete: "3s" } });
      return Promise.resolve({});
    };
    await onCluster(holding, async (engine) => {
      await engine.up();
      await assert.rejects(engine.destroy(), {
        message: /ConfigMap default\/held is not gone after 3 s: it waits for finalizers: example\.com\/held/,
      });
      await cluster.change(name, { metadata: { ...name.metadata, finalizers: [] } });
    });
  });
});
