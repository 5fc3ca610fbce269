import assert from "node:assert/strict";
import * as k8s from "@pulumi/kubernetes";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import { kubernetesStandIn } from "../../../rehearsal/kubernetes-provider/provider.ts";
import { changes, rehearseProgram } from "../../support/engine.ts";
import { program } from "../engine/program.ts";
import { sharedCluster, type TestCluster } from "./support/cluster.ts";
import { beginning, NAMESPACE, onCluster } from "./support/run.ts";

const ROUTER = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "router", namespace: "serving-test" } };

describe("the stand-in for the kubernetes plugin, on a real API server with real pods", function () {
  this.timeout(300_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await sharedCluster();
  });

  it("takes a program through its whole life: the preview is validated, pods run, and nothing is left", async () => {
    const { preview, up } = await rehearseProgram(
      async () => ({ ...(await program(cluster.kubeconfig)()) }),
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
      const { provider, namespace } = beginning(cluster);
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

  it("sees no change where a value is only written differently, and replaces what can't be changed", async () => {
    let cpu = "1000m";
    let label = "engine";
    const workload = () => {
      const { provider, namespace } = beginning(cluster);
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
      return Promise.resolve({});
    };
    await onCluster(workload, async (engine) => {
      await engine.up();
      cpu = "1";
      assert.deepEqual(changes(await engine.preview()), []);
      label = "other";
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
      const { provider, namespace } = beginning(cluster);
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
});
