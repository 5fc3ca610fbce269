import assert from "node:assert/strict";
import { DevicePlugin } from "../../../components/accelerator/device-plugin.ts";
import type { DevicePluginPlan } from "../../../planning/types.ts";
import { record, the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";
import { at, listAt, objectAt } from "../../support/values.ts";

const PLAN = literalPlan().devicePlugin;

describe("the device plugin", () => {
  it("runs as one DaemonSet on the nodes of every pool, and on no others", async () => {
    const { inputs } = daemonSet(await run({}));
    const affinity = at(inputs, "spec", "template", "spec", "affinity", "nodeAffinity");
    assert.deepEqual(affinity, {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          { matchExpressions: [{ key: "pool", operator: "In", values: ["l4"] }] },
          {
            matchExpressions: [
              { key: "pool", operator: "In", values: ["h100"] },
              { key: "tier", operator: "In", values: ["gold"] },
            ],
          },
        ],
      },
    });
    assert.deepEqual(at(inputs, "spec", "template", "spec", "tolerations"), [
      { key: "nvidia.com/gpu", operator: "Exists" },
    ]);
  });

  it("fails where a GPU node has no driver, and waits on any node where a pool has no labels", async () => {
    assert.equal(variables(daemonSet(await run({}))).get("FAIL_ON_INIT_ERROR"), "true");
    const anywhere = daemonSet(await run({ pools: [{ name: "all", nodeSelector: {}, tolerations: [] }] }));
    assert.equal(variables(anywhere).get("FAIL_ON_INIT_ERROR"), "false");
    assert.equal(at(anywhere.inputs, "spec", "template", "spec", "affinity"), undefined);
  });

  it("collides with a plugin that is there already, instead of registering every GPU twice", async () => {
    const { inputs } = daemonSet(await run({}));
    assert.equal(at(inputs, "metadata", "namespace"), "kube-system");
    assert.deepEqual(at(inputs, "spec", "selector", "matchLabels"), { name: "nvidia-device-plugin-ds" });
  });

  it("reads its sharing from a ConfigMap and rolls out when that changes", async () => {
    const shared = await run({});
    assert.deepEqual(the(shared, "core/v1:ConfigMap", "nvidia-device-plugin-config").inputs.data, {
      "config.yaml": "version: v1\n",
    });
    assert.equal(variables(daemonSet(shared)).get("CONFIG_FILE"), "/etc/nvidia-device-plugin/config.yaml");
    const changed = await run({ config: "version: v1\nsharing: {}\n" });
    assert.notDeepEqual(annotations(daemonSet(changed)), annotations(daemonSet(shared)));
  });

  it("has no ConfigMap without sharing, and no more rights than the kubelet's sockets", async () => {
    const plain = await run({ config: null, runtimeClass: null });
    const pod = objectAt(daemonSet(plain).inputs, "spec", "template", "spec");
    assert.deepEqual(
      plain.resources.map(({ name }) => name),
      ["plugin-daemon-set", "plugin"],
    );
    assert.deepEqual(pod.volumes, [
      { name: "sockets", hostPath: { path: "/var/lib/kubelet/device-plugins", type: "Directory" } },
    ]);
    assert.deepEqual(at(listAt(pod, "containers")[0], "securityContext"), {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
    });
    assert.equal(pod.automountServiceAccountToken, false);
    assert.equal(pod.runtimeClassName, undefined);
  });
});

function run(change: Partial<DevicePluginPlan>): Promise<Recording> {
  assert.ok(PLAN !== null);
  const plan = { ...PLAN, ...change };
  return record(() => {
    new DevicePlugin("plugin", { plan, labels: { "app.kubernetes.io/part-of": "vllm-stack" } }, {});
  });
}

function daemonSet(recording: Recording) {
  return the(recording, "apps/v1:DaemonSet", "nvidia-device-plugin-daemonset");
}

function annotations({ inputs }: { readonly inputs: unknown }): unknown {
  return at(inputs, "spec", "template", "metadata", "annotations");
}

function variables({ inputs }: { readonly inputs: unknown }): Map<unknown, unknown> {
  const [container] = listAt(inputs, "spec", "template", "spec", "containers");
  return new Map(listAt(container, "env").map((entry) => [at(entry, "name"), at(entry, "value")]));
}
