import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import type { Engine } from "../../../rehearsal/engine/engine.ts";
import type { Progress } from "../../../rehearsal/engine/events.ts";
import { kubernetesStandIn } from "../../../rehearsal/kubernetes-provider/provider.ts";
import { changes, rehearseProgram, withRehearsal, type RehearsalOptions } from "../../support/engine.ts";
import { program, type Wish } from "../engine/program.ts";
import { openCluster, type TestCluster } from "./cluster.ts";

const NAMESPACE = { apiVersion: "v1", kind: "Namespace", metadata: { name: "serving-test" } };
const ROUTER = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "router", namespace: "serving-test" } };

describe("the stand-in for the kubernetes plugin, on a real API server with real pods", function () {
  this.timeout(300_000);
  let cluster: TestCluster;
  let opened: TestCluster | undefined;
  let kubeconfig = "";

  before(async () => {
    opened = cluster = await openCluster();
    kubeconfig = readFileSync(cluster.kubeconfig, "utf8");
  });

  after(async () => {
    await opened?.close();
  });

  /** Runs a program on the cluster; whatever happens, its objects are gone afterwards. */
  async function onCluster(
    run: () => Promise<object>,
    use: (engine: Engine) => Promise<void>,
    options: RehearsalOptions = {},
  ): Promise<void> {
    await withRehearsal(
      async () => ({ ...(await run()) }),
      [kubernetesStandIn(), simulatedRandom()],
      async (engine) => {
        try {
          await use(engine);
        } finally {
          await engine.destroy();
        }
      },
      options,
    );
  }

  /** The first few objects of a program: its provider and a namespace. */
  function beginning(): { readonly provider: k8s.Provider; readonly namespace: k8s.core.v1.Namespace } {
    const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
    const namespace = new k8s.core.v1.Namespace("serving", { metadata: NAMESPACE.metadata }, { provider });
    return { provider, namespace };
  }

  it("takes a program through its whole life: the preview is validated, pods run, and nothing is left", async () => {
    const { preview, up } = await rehearseProgram(
      async () => ({ ...(await program(kubeconfig)()) }),
      [kubernetesStandIn(), simulatedRandom()],
      async (engine) => {
        const { address, password, serviceName } = await engine.outputs();
        assert.match(String(address?.value), /^10\./);
        assert.match(String(serviceName?.value), /^front-[0-9a-f]{8}$/);
        assert.deepEqual(changes(await engine.refresh()), [], "defaults and controllers are no drift");
        const { text } = await engine.exportState();
        assert.ok(!text.includes(Buffer.from(String(password?.value)).toString("base64")));
        assert.ok(!text.includes(JSON.stringify(password?.value)));
      },
    );
    const said = preview.diagnostics.map(({ message }) => message).join("\n");
    assert.match(said, /stand-in for the kubernetes provider plugin works on https:\/\/127\.0\.0\.1/);
    assert.match(said, /Namespace serving-test does not exist yet: its objects were validated as if/);
    assert.deepEqual(up.changes, { create: 7 });
    assert.equal(await cluster.find(NAMESPACE), undefined);
  });

  it("refuses in the preview what the API server would refuse, naming object, field and rule", async () => {
    const invalid = () => {
      const { provider, namespace } = beginning();
      const ports = [{ name: "http", port: 80_000 }];
      const metadata = { name: "front", namespace: namespace.metadata.name };
      new k8s.core.v1.Service("front", { metadata, spec: { ports } }, { provider });
      return Promise.resolve({});
    };
    await onCluster(invalid, async (engine) => {
      await assert.rejects(engine.preview(), (error) => {
        assert.ok(error instanceof Error);
        assert.match(error.message, /^Service serving-test\/front is refused by the API server:/);
        assert.match(error.message, /spec\.ports\[0\]\.port: Invalid value: 80000/);
        return true;
      });
      assert.equal(await cluster.find(NAMESPACE), undefined, "nothing may be created");
    });
  });

  it("refuses a misspelled field of a custom object's spec, and waits for what pulumi.com/waitFor names", async () => {
    const group = "tests.example.com";
    const definition = {
      group,
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: "object",
              properties: { spec: { type: "object", properties: { size: { type: "integer" } } } },
            },
          },
        },
      ],
    };
    let spec: object = { size: 1 };
    const custom = () => {
      const { provider, namespace } = beginning();
      const crd = new k8s.apiextensions.v1.CustomResourceDefinition(
        "widgets",
        { metadata: { name: `widgets.${group}` }, spec: definition },
        { provider },
      );
      const annotations = { "pulumi.com/waitFor": "jsonpath={.spec.size}" };
      new k8s.apiextensions.CustomResource(
        "widget",
        {
          apiVersion: `${group}/v1`,
          kind: "Widget",
          metadata: { name: "one", namespace: namespace.metadata.name, annotations },
          spec,
        },
        { provider, dependsOn: [crd] },
      );
      return Promise.resolve({});
    };
    await onCluster(custom, async (engine) => {
      const preview = await engine.preview();
      const notes = preview.diagnostics.map(({ message }) => message).join("\n");
      assert.match(notes, /The cluster has no Widget of tests\.example\.com\/v1/);
      await engine.up();
      spec = { size: 2, sizes: 3 };
      await assert.rejects(engine.preview(), { message: /^Widget serving-test\/one is refused.*\.spec\.sizes/s });
    });
  });

  it("sees no change where a value is only written differently, and replaces what can't be changed", async () => {
    let cpu = "1000m";
    let wish: Wish = {};
    const wishful = async () => {
      const { provider, namespace } = beginning();
      const { label = "engine" } = wish;
      const labels = { app: label };
      const containers = [{ name: "engine", image: "localhost/vllm-stack/pause:1", resources: { limits: { cpu } } }];
      new k8s.apps.v1.Deployment(
        "engine",
        {
          metadata: { name: "engine", namespace: namespace.metadata.name },
          spec: {
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers, terminationGracePeriodSeconds: 1 } },
          },
        },
        { provider },
      );
      return await Promise.resolve({});
    };
    await onCluster(wishful, async (engine) => {
      await engine.up();
      cpu = "1";
      assert.deepEqual(changes(await engine.preview()), []);
      wish = { label: "other" };
      const { steps } = await engine.up();
      const replaced = steps.filter(({ name, operation }) => name === "engine" && operation !== "same");
      assert.deepEqual(
        replaced.map(({ operation }) => operation),
        ["delete-replaced", "replace", "create-replacement"],
      );
      assert.ok(replaced.some(({ replacedBy }) => replacedBy.length > 0));
    });
  });

  it("finds a Deployment scaled by hand, says who owns the field now, and takes it back when told to", async () => {
    let annotations: Record<string, string> = {};
    const annotated = () => {
      const { provider, namespace } = beginning();
      const labels = { app: "router" };
      new k8s.apps.v1.Deployment(
        "router",
        {
          metadata: { name: "router", namespace: namespace.metadata.name, annotations },
          spec: {
            replicas: 2,
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: {
                containers: [{ name: "router", image: "localhost/vllm-stack/pause:1" }],
                terminationGracePeriodSeconds: 1,
              },
            },
          },
        },
        { provider },
      );
      return Promise.resolve({});
    };
    await onCluster(annotated, async (engine) => {
      await engine.up();
      await cluster.change(ROUTER, { spec: { replicas: 1 } });
      const drift = await engine.refresh();
      assert.deepEqual(changes(drift), ["update router"]);
      assert.deepEqual(drift.steps.find(({ name }) => name === "router")?.changed, ["spec.replicas"]);
      await assert.rejects(engine.preview(), {
        message:
          /other managers own fields of it: spec\.replicas \(conflict with "kubectl-edit".*pulumi\.com\/patchForce/,
      });
      annotations = { "pulumi.com/patchForce": "true" };
      assert.deepEqual(changes(await engine.up()), ["update router"]);
      assert.deepEqual(changes(await engine.refresh()), []);
      await cluster.remove(ROUTER);
      assert.deepEqual(changes(await engine.refresh()), ["delete router"]);
      assert.deepEqual(changes(await engine.up()), ["create router"]);
    });
  });

  it("says why pods don't start: image, scheduling, crash with its last words, probe, missing Secret", async () => {
    const secretArgument = "sk-never-to-be-shown";
    const failing = () => {
      const { provider, namespace } = beginning();
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
      const { provider, namespace } = beginning();
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
    const stateDir = `${cluster.kubeconfig}.state`;
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
      const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
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
      const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
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

  it("records Helm releases without installing them, and says so", async () => {
    let version: string | undefined = "latest";
    const releasing = () => {
      const provider = new k8s.Provider("cluster", { kubeconfig, clusterIdentifier: "test" });
      const args = { chart: "kube-prometheus-stack", values: { grafana: { enabled: false } } };
      new k8s.helm.v3.Release("prometheus", version === undefined ? args : { ...args, version }, { provider });
      return Promise.resolve({});
    };
    await onCluster(releasing, async (engine) => {
      await assert.rejects(engine.preview(), { message: /version.*"latest" is no pinned version/s });
      version = "79.5.0";
      const { diagnostics } = await engine.up();
      assert.ok(
        diagnostics.some(({ message }) => message.includes("kube-prometheus-stack 79.5.0 is recorded, not installed")),
      );
      assert.deepEqual(changes(await engine.preview()), []);
    });
  });

  it("previews what it can while the kubeconfig is still to come", async () => {
    const later = () => {
      const name = new random.RandomPet("name");
      const provider = new k8s.Provider("cluster", { kubeconfig: name.id.apply(() => kubeconfig) });
      new k8s.core.v1.ConfigMap("settings", { metadata: { name: "later", namespace: "default" } }, { provider });
      return Promise.resolve({});
    };
    await onCluster(later, async (engine) => {
      assert.deepEqual((await engine.preview()).changes, { create: 4 });
      await engine.up();
      assert.deepEqual(changes(await engine.preview()), []);
    });
  });

  it("says of a cluster that doesn't answer what to look at; a preview goes on without it", async () => {
    const nowhere = kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:9");
    const away = () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: nowhere });
      new k8s.core.v1.ConfigMap("settings", { metadata: { name: "away" } }, { provider });
      return Promise.resolve({});
    };
    await onCluster(away, async (engine) => {
      const { diagnostics } = await engine.preview();
      assert.ok(diagnostics.some(({ message }) => message.startsWith("Nothing was validated by the API server")));
      await assert.rejects(engine.up(), {
        message: /^ConfigMap default\/away: The API server https:\/\/127\.0\.0\.1:9 can't be reached: .*ECONNREFUSED/,
      });
    });
  });
});
