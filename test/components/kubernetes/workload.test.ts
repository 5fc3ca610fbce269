import assert from "node:assert/strict";
import { containersOf, deployments, podAnnotations, podOf, recordPlan } from "../../support/components.ts";
import { ofType, the } from "../../support/mocks.ts";
import type { Recording } from "../../support/mocks.ts";
import { literalPlan } from "../../support/plan.ts";
import { violationsOfRestricted } from "../../support/pod-security.ts";
import { at, isObject, listAt, objectAt } from "../../support/values.ts";
import { workloadPlan } from "../../support/workload-plan.ts";

describe("workloads", () => {
  let run: Recording;

  before(async () => {
    run = await recordPlan(literalPlan());
  });

  describe("every pod", () => {
    it("conforms to the Pod Security Standard restricted", () => {
      assert.equal(deployments(run).length, 8);
      for (const deployment of deployments(run)) {
        assert.deepEqual(violationsOfRestricted(podOf(deployment)), [], deployment.name);
      }
    });

    it("holds a token of the Kubernetes API only where the plan gives it rules", () => {
      const holders = deployments(run).filter((deployment) => podOf(deployment).automountServiceAccountToken === true);
      assert.deepEqual(
        holders.map(({ inputs }) => at(inputs, "metadata", "name")),
        ["prometheus", "router-llama", "router-qwen"],
      );
      const accounts = ofType(run, "kubernetes:core/v1:ServiceAccount");
      assert.deepEqual(
        accounts
          .filter(({ inputs }) => inputs.automountServiceAccountToken !== false)
          .map(({ name }) => name)
          .sort(),
        [
          "observability-prometheus-service-account",
          "serving-router-llama-service-account",
          "serving-router-qwen-service-account",
        ],
      );
    });

    it("gets no service links, whose variables vLLM would read as its own settings", () => {
      for (const deployment of deployments(run)) assert.equal(podOf(deployment).enableServiceLinks, false);
    });

    it("has requests, limits, a readiness probe and a service account of its own", () => {
      for (const deployment of deployments(run)) {
        const [container] = containersOf(deployment);
        assert.ok(at(container, "resources", "requests", "memory"), deployment.name);
        assert.ok(at(container, "resources", "limits", "memory"), deployment.name);
        assert.ok(isObject(at(container, "readinessProbe")), deployment.name);
        assert.equal(podOf(deployment).serviceAccountName, at(deployment.inputs, "metadata", "name"));
      }
    });

    it("keeps off the nodes and zones of its siblings where it can", () => {
      for (const deployment of deployments(run)) {
        const constraints = listAt(podOf(deployment), "topologySpreadConstraints");
        assert.deepEqual(
          constraints.map((entry) => [
            at(entry, "topologyKey"),
            at(entry, "whenUnsatisfiable"),
            at(entry, "matchLabelKeys"),
          ]),
          [
            ["kubernetes.io/hostname", "ScheduleAnyway", ["pod-template-hash"]],
            ["topology.kubernetes.io/zone", "ScheduleAnyway", ["pod-template-hash"]],
          ],
        );
      }
    });
  });

  it("gives every object the fixed name and the labels of the plan, so that parts find each other", () => {
    const engine = the(run, "apps/v1:Deployment", "engine-llama");
    assert.deepEqual(at(engine.inputs, "spec", "selector", "matchLabels"), {
      "vllm-stack/environment": "test",
      "vllm-stack/component": "engine",
      "vllm-stack/model": "llama",
    });
    const labels = objectAt(engine.inputs, "metadata", "labels");
    for (const kind of ["core/v1:Service", "core/v1:ServiceAccount", "policy/v1:PodDisruptionBudget"]) {
      const { inputs } = the(run, kind, "engine-llama");
      assert.equal(at(inputs, "metadata", "namespace"), "vllm-test");
      assert.deepEqual(at(inputs, "metadata", "labels"), labels);
    }
  });

  it("turns environment variables into values, Secret references and fields, never a secret in clear", () => {
    const [container] = containersOf(the(run, "apps/v1:Deployment", "engine-llama"));
    assert.deepEqual(at(container, "env"), [
      { name: "HF_TOKEN", valueFrom: { secretKeyRef: { name: "hugging-face", key: "token" } } },
      { name: "VLLM_API_KEY", valueFrom: { secretKeyRef: { name: "engine-key", key: "key" } } },
      { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    ]);
  });

  it("keeps the command, the GPUs, the tolerations and the shared memory of an engine", () => {
    const deployment = the(run, "apps/v1:Deployment", "engine-llama");
    const [container] = containersOf(deployment);
    assert.deepEqual(at(container, "command"), ["vllm", "serve", "example/llama"]);
    assert.equal(at(container, "args"), undefined);
    assert.equal(at(container, "resources", "limits", "nvidia.com/gpu"), "1");
    assert.deepEqual(podOf(deployment).tolerations, [{ key: "nvidia.com/gpu", operator: "Exists" }]);
    assert.deepEqual(podOf(deployment).nodeSelector, { pool: "l4" });
    assert.deepEqual(listAt(podOf(deployment), "volumes")[0], {
      name: "shm",
      emptyDir: { medium: "Memory", sizeLimit: "2Gi" },
    });
  });

  it("drains before it stops: the kubelet sleeps, then the engine gets its grace period", () => {
    const deployment = the(run, "apps/v1:Deployment", "engine-llama");
    assert.deepEqual(at(containersOf(deployment)[0], "lifecycle"), { preStop: { sleep: { seconds: 15 } } });
    assert.equal(podOf(deployment).terminationGracePeriodSeconds, 180);
    assert.equal(at(containersOf(the(run, "apps/v1:Deployment", "front"))[0], "lifecycle"), undefined);
  });

  it("waits for a Deployment as long as the plan says and not for its Service", () => {
    const deployment = the(run, "apps/v1:Deployment", "engine-llama");
    assert.equal(at(deployment.inputs, "metadata", "annotations", "pulumi.com/timeoutSeconds"), "2400");
    assert.deepEqual(at(deployment.options, "customTimeouts"), { create: "2400s", update: "2400s" });
    assert.equal(at(deployment.inputs, "spec", "progressDeadlineSeconds"), 1800);
    assert.deepEqual(at(deployment.inputs, "spec", "strategy"), {
      type: "RollingUpdate",
      rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
    });
    const service = the(run, "core/v1:Service", "engine-llama");
    assert.equal(at(service.inputs, "metadata", "annotations", "pulumi.com/skipAwait"), "true");
  });

  it("lets loading engines be evicted, so that they don't hold up a node's upgrade", () => {
    assert.deepEqual(at(the(run, "policy/v1:PodDisruptionBudget", "engine-llama").inputs, "spec"), {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
      selector: {
        matchLabels: at(the(run, "apps/v1:Deployment", "engine-llama").inputs, "spec", "selector", "matchLabels"),
      },
    });
  });

  it("binds the rules of the plan to the workload's own account", () => {
    const role = the(run, "rbac.authorization.k8s.io/v1:Role", "router-llama");
    assert.deepEqual(role.inputs.rules, [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }]);
    const binding = the(run, "rbac.authorization.k8s.io/v1:RoleBinding", "router-llama");
    assert.deepEqual(binding.inputs.subjects, [
      { kind: "ServiceAccount", name: "router-llama", namespace: "vllm-test" },
    ]);
    assert.equal(at(binding.inputs, "roleRef", "name"), "router-llama");
  });

  it("makes the claims of the plan and mounts them, ConfigMaps and chosen files", () => {
    const claim = the(run, "core/v1:PersistentVolumeClaim", "prometheus-data");
    assert.deepEqual(claim.inputs.spec, {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "10Gi" } },
      storageClassName: "fast",
    });
    assert.deepEqual(podOf(the(run, "apps/v1:Deployment", "prometheus")).volumes, [
      { name: "config", configMap: { name: "prometheus-config" } },
      { name: "data", persistentVolumeClaim: { claimName: "prometheus-data" } },
    ]);
    assert.deepEqual(podOf(the(run, "apps/v1:Deployment", "grafana")).volumes, [
      { name: "dashboards", configMap: { name: "grafana-dashboards" } },
      {
        name: "provisioning",
        configMap: { name: "grafana-config", items: [{ key: "datasource.yaml", path: "datasource.yaml" }] },
      },
    ]);
  });

  it("leaves out what the plan leaves out: Service, budget, ConfigMap, Role, pull secrets", async () => {
    const plan = literalPlan();
    const cacheServer = workloadPlan("cache", { set: { service: null, disruption: null } });
    const objects = (await recordPlan({ ...plan, cacheServer })).resources
      .filter(({ name }) => name.startsWith("serving-cache"))
      .map(({ name }) => name);
    assert.deepEqual(objects, ["serving-cache-deployment", "serving-cache-service-account", "serving-cache"]);
  });

  it("pulls with the plan's secrets and runs under the plan's runtime class", async () => {
    const plan = literalPlan();
    const cacheServer = workloadPlan("cache", {
      pod: { pullSecrets: ["mirror"], runtimeClass: "nvidia", pullPolicy: "Always", args: ["--port", "1"] },
    });
    const deployment = the(await recordPlan({ ...plan, cacheServer }), "apps/v1:Deployment", "cache");
    assert.deepEqual(podOf(deployment).imagePullSecrets, [{ name: "mirror" }]);
    assert.equal(podOf(deployment).runtimeClassName, "nvidia");
    assert.equal(at(containersOf(deployment)[0], "imagePullPolicy"), "Always");
    assert.deepEqual(at(containersOf(deployment)[0], "args"), ["--port", "1"]);
  });

  it("rolls out the workload whose file changed, and no other", async () => {
    const plan = literalPlan();
    const { observability } = plan;
    assert.ok(observability !== null);
    const prometheus = { ...observability.prometheus, files: { "prometheus.yml": "scrape_configs: [changed]\n" } };
    const changed = await recordPlan({ ...plan, observability: { ...observability, prometheus } });
    const moved = deployments(changed).filter(
      (deployment, index) =>
        JSON.stringify(podAnnotations(deployment)) !== JSON.stringify(deployments(run).map(podAnnotations)[index]),
    );
    assert.deepEqual(
      moved.map(({ name }) => name),
      ["observability-prometheus-deployment"],
    );
  });
});
