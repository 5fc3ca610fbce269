import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import * as random from "@pulumi/random";
import { changes } from "../../support/engine.ts";
import { sharedCluster, type TestCluster } from "./support/cluster.ts";
import { beginning, onCluster } from "./support/run.ts";

describe("the stand-in, where a cluster is not all there", function () {
  this.timeout(300_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await sharedCluster();
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
      const { provider, namespace } = beginning(cluster);
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

  it("records Helm releases without installing them, and says so", async () => {
    let version: string | undefined = "latest";
    const releasing = () => {
      const provider = new k8s.Provider("cluster", { kubeconfig: cluster.kubeconfig, clusterIdentifier: "test" });
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
      const provider = new k8s.Provider("cluster", { kubeconfig: name.id.apply(() => cluster.kubeconfig) });
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
    const nowhere = cluster.kubeconfig.replace(/https:\/\/127\.0\.0\.1:\d+/, "https://127.0.0.1:9");
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
