import { stringify } from "yaml";

interface Stage {
  readonly name: string;
  readonly kind: "Node" | "Pod";
  /** jq expressions over the object, all of which have to hold. */
  readonly when: readonly (readonly [expression: string, operator: string, ...values: string[]])[];
  readonly next: { readonly statusTemplate: string } | { readonly delete: true };
}

const READY = '.status.conditions.[] | select( .type == "Ready" ) | .status';

const CONTAINER_RUNNING = `
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: true
  started: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }`;

const CONTAINER_COMPLETED = `
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  ready: READY
  restartCount: 0
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }`;

/**
 * The life of simulated nodes and of the pods on them: a node is Ready as soon as it exists, a pod as soon as it is bound,
 * a Job's pod completes at once, a deleted pod is gone at once.
 */
const STAGES: readonly Stage[] = [
  {
    name: "node-ready",
    kind: "Node",
    when: [[READY, "NotIn", "True"]],
    next: {
      statusTemplate: `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
addresses:
- { type: InternalIP, address: {{ NodeIP | Quote }} }
- { type: Hostname, address: {{ .metadata.name | Quote }} }
phase: Running
`,
    },
  },
  {
    name: "pod-running",
    kind: "Pod",
    when: [
      [".metadata.deletionTimestamp", "DoesNotExist"],
      [".status.phase", "In", "Pending"],
      [READY, "NotIn", "True"],
    ],
    next: {
      statusTemplate: `{{ $now := Now }}
conditions:
{{ range $type := list "Initialized" "PodReadyToStartContainers" "ContainersReady" "Ready" }}
- { type: {{ $type }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
containerStatuses:
{{ range .spec.containers }}${CONTAINER_RUNNING}
{{ end }}
{{ with .spec.initContainers }}
initContainerStatuses:
{{ range . }}
{{ if eq (or .restartPolicy "") "Always" }}${CONTAINER_RUNNING}
{{ else }}${CONTAINER_COMPLETED.replace("READY", "true")}
{{ end }}
{{ end }}
{{ end }}
{{ with NodeIPWith .spec.nodeName }}
hostIP: {{ . | Quote }}
{{ end }}
{{ with PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) }}
podIP: {{ . | Quote }}
podIPs: [{ ip: {{ . | Quote }} }]
{{ end }}
phase: Running
startTime: {{ $now | Quote }}
`,
    },
  },
  {
    name: "job-pod-completed",
    kind: "Pod",
    when: [
      [".metadata.deletionTimestamp", "DoesNotExist"],
      [".status.phase", "In", "Running"],
      [".metadata.ownerReferences.[].kind", "In", "Job"],
    ],
    next: {
      statusTemplate: `{{ $now := Now }}
containerStatuses:
{{ range .spec.containers }}${CONTAINER_COMPLETED.replace("READY", "false")}
{{ end }}
phase: Succeeded
`,
    },
  },
  {
    name: "pod-deleted",
    kind: "Pod",
    when: [[".metadata.deletionTimestamp", "Exists"]],
    next: { delete: true },
  },
];

/**
 * kwok's configuration file.
 * @see https://kwok.sigs.k8s.io/docs/user/stages-configuration/
 */
export function renderStages(): string {
  return STAGES.map(({ name, kind, when, next }) =>
    stringify({
      apiVersion: "kwok.x-k8s.io/v1alpha1",
      kind: "Stage",
      metadata: { name },
      spec: {
        resourceRef: { apiGroup: "v1", kind },
        selector: {
          matchExpressions: when.map(([key, operator, ...values]) => ({
            key,
            operator,
            ...(values.length > 0 ? { values } : {}),
          })),
        },
        next,
      },
    }),
  ).join("---\n");
}
