import type * as pulumi from "@pulumi/pulumi";
import type { core } from "@pulumi/kubernetes/types/input.js";
import type { EnvironmentVariable, Mount, PodPlan, Probe, WorkloadPlan } from "../../planning/types.ts";

/** Name of the ConfigMap with the files of a workload. */
export function configNameOf(workload: WorkloadPlan): string {
  return `${workload.name}-config`;
}

/** Names of the Secrets a pod reads, sorted: from variables and from volumes. */
export function secretsOf(pod: PodPlan): string[] {
  const variables = pod.env.flatMap((variable) => ("secret" in variable ? [variable.secret.name] : []));
  const volumes = pod.mounts.flatMap(({ source }) => (source.kind === "secret" ? [source.secret] : []));
  return [...new Set([...variables, ...volumes])].sort();
}

/**
 * The pod template of a workload. Every pod of the stack conforms to the Pod Security Standard `restricted`,
 * holds no token of the Kubernetes API unless it has rules for it, and gets no service links: a Service called
 * `vllm` would put VLLM_PORT=tcp://… into the environment and break vLLM.
 *
 * @param annotations what must roll the pods out when it changes, besides the template itself
 */
export function podTemplate(
  workload: WorkloadPlan,
  annotations: Readonly<Record<string, pulumi.Input<string>>>,
): core.v1.PodTemplateSpec {
  const { pod } = workload;
  return {
    metadata: { labels: { ...workload.labels }, annotations: { ...pod.annotations, ...annotations } },
    spec: {
      serviceAccountName: workload.name,
      automountServiceAccountToken: workload.apiAccess.length > 0,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: pod.terminationGracePeriodSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: pod.security.runAsUser,
        runAsGroup: pod.security.runAsGroup,
        fsGroup: pod.security.fsGroup,
        // Large volumes of weights would otherwise be walked file by file at every start.
        fsGroupChangePolicy: "OnRootMismatch",
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...(pod.pullSecrets.length === 0 ? {} : { imagePullSecrets: pod.pullSecrets.map((name) => ({ name })) }),
      ...(pod.runtimeClass === null ? {} : { runtimeClassName: pod.runtimeClass }),
      ...(Object.keys(pod.nodeSelector).length === 0 ? {} : { nodeSelector: { ...pod.nodeSelector } }),
      ...(pod.tolerations.length === 0 ? {} : { tolerations: pod.tolerations.map((entry) => ({ ...entry })) }),
      topologySpreadConstraints: spread(workload),
      containers: [container(pod)],
      ...(pod.mounts.length === 0 ? {} : { volumes: pod.mounts.map((mount) => volume(workload, mount)) }),
    },
  };
}

/** Replicas keep off each other's node and zone where they can; each rollout is spread anew. */
function spread(workload: WorkloadPlan): core.v1.TopologySpreadConstraint[] {
  return ["kubernetes.io/hostname", "topology.kubernetes.io/zone"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: { ...workload.selector } },
    matchLabelKeys: ["pod-template-hash"],
  }));
}

function container(pod: PodPlan): core.v1.Container {
  const { startup, readiness, liveness } = pod.probes;
  return {
    name: pod.container,
    image: pod.image,
    imagePullPolicy: pod.pullPolicy,
    ...(pod.command === null ? {} : { command: [...pod.command] }),
    ...(pod.args === null ? {} : { args: [...pod.args] }),
    ...(pod.env.length === 0 ? {} : { env: pod.env.map(variable) }),
    ports: pod.ports.map(({ name, port }) => ({ name, containerPort: port, protocol: "TCP" })),
    ...(startup === undefined ? {} : { startupProbe: probe(startup) }),
    ...(readiness === undefined ? {} : { readinessProbe: probe(readiness) }),
    ...(liveness === undefined ? {} : { livenessProbe: probe(liveness) }),
    // The kubelet sleeps itself: images without a shell or `sleep` drain as well.
    ...(pod.preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: pod.preStopSeconds } } } }),
    resources: { requests: { ...pod.resources.requests }, limits: { ...pod.resources.limits } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: pod.security.readOnlyRootFilesystem,
    },
    ...(pod.mounts.length === 0
      ? {}
      : { volumeMounts: pod.mounts.map(({ name, path, readOnly }) => ({ name, mountPath: path, readOnly })) }),
  };
}

function variable(entry: EnvironmentVariable): core.v1.EnvVar {
  if ("value" in entry) return { name: entry.name, value: entry.value };
  if ("field" in entry) return { name: entry.name, valueFrom: { fieldRef: { fieldPath: entry.field } } };
  return { name: entry.name, valueFrom: { secretKeyRef: { name: entry.secret.name, key: entry.secret.key } } };
}

function probe({ http, tcp, ...times }: Probe): core.v1.Probe {
  return {
    ...times,
    ...(http === undefined ? {} : { httpGet: { path: http.path, port: http.port, scheme: "HTTP" } }),
    ...(tcp === undefined ? {} : { tcpSocket: { port: tcp.port } }),
  };
}

function volume(workload: WorkloadPlan, { name, source }: Mount): core.v1.Volume {
  switch (source.kind) {
    case "memory":
      return { name, emptyDir: { medium: "Memory", sizeLimit: source.sizeLimit } };
    case "emptyDir":
      return { name, emptyDir: source.sizeLimit === null ? {} : { sizeLimit: source.sizeLimit } };
    case "claim":
      return { name, persistentVolumeClaim: { claimName: source.claim } };
    case "files":
      return {
        name,
        configMap: {
          name: configNameOf(workload),
          ...(source.items === undefined ? {} : { items: source.items.map((key) => ({ key, path: key })) }),
        },
      };
    case "configMap":
      return { name, configMap: { name: source.name } };
    case "secret":
      // Readable by the pod's group alone, which is its fsGroup.
      return { name, secret: { secretName: source.secret, defaultMode: 0o440 } };
  }
}
