import type { FitChange } from "./fit/change.ts";
import type { FitReport } from "./fit.ts";
import type { StartPrediction } from "./timing.ts";

/**
 * The Plan: everything a stack will be, as plain JSON-serialisable data. Planners make it, components turn it into
 * resources without deciding anything, and people read it before they spend money.
 */
export interface Plan {
  /** Name of the environment, which is also the stack's. */
  readonly environment: string;
  /** Kubernetes namespace of everything but the device plugin. */
  readonly namespace: string;
  readonly cluster: ClusterPlan;
  readonly pools: readonly PoolPlan[];
  readonly devicePlugin: DevicePluginPlan | null;
  /** One per model, in the environment's order. */
  readonly engines: readonly EnginePlan[];
  /** One per model, in the same order. */
  readonly routers: readonly RouterPlan[];
  readonly cacheServer: WorkloadPlan | null;
  readonly front: FrontPlan;
  readonly observability: ObservabilityPlan | null;
  /** Secrets the stack makes, by the name of the Kubernetes Secret. Names and sources only, never values. */
  readonly secrets: readonly SecretPlan[];
  /** Who may talk to whom; everything else is denied. */
  readonly flows: readonly Flow[];
  readonly cost: CostPlan;
  readonly warnings: readonly Warning[];
}

/** Something a person should know before applying the plan; nothing that is wrong. */
export interface Warning {
  /** Path below `vllm-stack:` it belongs to. */
  readonly path: string;
  readonly text: string;
}

/** Where the cluster comes from, and what identifies it for the Kubernetes provider. */
export interface ClusterPlan {
  readonly provider: "existing";
  /** Known before the cluster is asked; a change of kubeconfig alone must not replace every resource. */
  readonly identity: string;
  /** Context of the local kubeconfig; null: its current one, or the kubeconfig given as a secret. */
  readonly context: string | null;
  readonly kubeconfigFromSecret: boolean;
  readonly storage: StoragePlan;
  readonly apiServerCidrs: readonly string[];
}

/** Storage classes; null: the cluster's default class. */
export interface StoragePlan {
  readonly block: string | null;
  readonly shared: string | null;
}

/** Nodes with GPUs, as the serving layer sees them on every kind of cluster. */
export interface PoolPlan {
  readonly name: string;
  /** Id in catalog/accelerators.ts. */
  readonly accelerator: string;
  readonly gpusPerNode: number;
  /** null: not known (an existing cluster that didn't say). */
  readonly nodes: number | null;
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
  /** Processor cores and memory in GiB of one node that pods may use; null: not known. */
  readonly allocatable: { readonly cpu: number; readonly memoryGiB: number } | null;
  /** Who installs the GPU driver, for people. */
  readonly driverOwner: string;
  /** Who advertises `nvidia.com/gpu`; `stack` means {@link Plan.devicePlugin}. */
  readonly devicePluginOwner: "cluster" | "stack";
  /** Pods each GPU is advertised to. 1: not shared. */
  readonly sharedBy: number;
  /** US dollars per node and hour; null: unpriced. */
  readonly pricePerNodeHour: number | null;
  /** GPUs all engines of the plan ask for in this pool. */
  readonly gpusRequested: number;
}

/** NVIDIA's device plugin as a DaemonSet, where this stack owns it. */
export interface DevicePluginPlan {
  readonly image: string;
  readonly namespace: "kube-system";
  /** Pools whose nodes run the plugin. */
  readonly pools: readonly {
    readonly name: string;
    readonly nodeSelector: Labels;
    readonly tolerations: readonly Toleration[];
  }[];
  /** Content of the plugin's configuration file; null: its defaults. */
  readonly config: string | null;
  readonly runtimeClass: string | null;
}

/** The engines of one model. */
export interface EnginePlan {
  /** Name of the model inside the stack. */
  readonly model: string;
  /** Hugging Face id or path. */
  readonly source: string;
  /** What clients ask for. */
  readonly servedName: string;
  readonly runtime: "cuda" | "cpu" | "simulator";
  /** null: CPU engines and simulators without a pool. */
  readonly pool: string | null;
  readonly gpusPerReplica: number;
  readonly maxModelLength: number;
  /** null where there is no GPU to fit into. */
  readonly fit: FitSummary | null;
  readonly start: StartPrediction | null;
  readonly cache: CachePlan | null;
  readonly workload: WorkloadPlan;
}

/** What `fit.ts` found, without the rows of the catalog it was computed from. */
export type FitSummary = Omit<FitReport, "request" | "change"> & { readonly change?: Omit<FitChange, "set"> };

/** LMCache inside an engine. */
export interface CachePlan {
  readonly cpuGiBPerGpu: number;
  readonly diskGiBPerGpu: number;
  /** Service address of the shared server, or null. */
  readonly server: string | null;
  /** Tokens the CPU tier of one engine holds, from the model's KV bytes. */
  readonly cpuTokens: number | null;
}

/** The router of one model. */
export interface RouterPlan {
  readonly model: string;
  readonly implementation: "production-stack" | "vllm-router";
  readonly policy: "roundRobin" | "session" | "prefixAware";
  /** Why there is one router or several, for people. */
  readonly replicasReason: string;
  /** Host and port for the front, inside the cluster. */
  readonly address: string;
  readonly workload: WorkloadPlan;
}

/** The front: one nginx that checks keys and picks the router. */
export interface FrontPlan {
  /** Model → router, in the order of `/v1/models`. */
  readonly routes: readonly { readonly servedName: string; readonly model: string; readonly address: string }[];
  readonly keys: readonly { readonly name: string; readonly requestsPerMinute: number | null }[];
  /** Base URL inside the cluster, without a slash at the end. */
  readonly endpoint: string;
  readonly workload: WorkloadPlan;
}

/** Prometheus and Grafana of the stack. */
export interface ObservabilityPlan {
  readonly prometheus: WorkloadPlan;
  readonly prometheusUrl: string;
  /** Scrape jobs for people and for tests: job name and the pods it finds. */
  readonly jobs: readonly {
    readonly name: string;
    readonly selector: Labels;
    readonly port: number;
    readonly path: string;
  }[];
  readonly grafana: WorkloadPlan | null;
  readonly grafanaUrl: string | null;
}

/** US dollars per hour of what the plan runs. */
export interface CostPlan {
  readonly lines: readonly { readonly what: string; readonly perHour: number | null; readonly note: string }[];
  /** Sum of the priced lines; null if nothing is priced. */
  readonly perHour: number | null;
  /** What the sum leaves out. */
  readonly unpriced: readonly string[];
  readonly budgetPerHour: number | null;
}

/** A Kubernetes Secret the stack makes. */
export interface SecretPlan {
  /** Name of the Kubernetes Secret. */
  readonly name: string;
  readonly entries: readonly SecretEntry[];
}

/** Where the value of one key of a Secret comes from. */
export interface SecretEntry {
  readonly key: string;
  readonly source:
    /** A secret of the stack's configuration. */
    | { readonly kind: "config"; readonly configKey: string; readonly property?: string }
    /** A password made at the first `up` and kept. */
    | { readonly kind: "generated"; readonly resource: string; readonly length: number }
    /** JSON object: SHA-256 of each API key in hexadecimal → name of the key. */
    | { readonly kind: "apiKeyDigests"; readonly keys: readonly ApiKeySource[] };
}

/** An API key: from the configuration, or generated. */
export interface ApiKeySource {
  readonly name: string;
  readonly from: "config" | "generated";
}

// ---------------------------------------------------------------------------------------------------------------------
// Workloads: what every Deployment of the stack looks like, in plain data.

export type Labels = Readonly<Record<string, string>>;

/** One Deployment with its Service, ServiceAccount, Role, PodDisruptionBudget and ConfigMap. */
export interface WorkloadPlan {
  /** Name of all its objects. */
  readonly name: string;
  /** Labels of the objects and pods; contains {@link selector}. */
  readonly labels: Labels;
  /** Immutable and small: environment, component and, where there are several, the model. */
  readonly selector: Labels;
  readonly replicas: number;
  readonly pod: PodPlan;
  /** Ports of the Service; null: no Service. */
  readonly service: { readonly ports: readonly ServicePort[] } | null;
  readonly rollout: RolloutPlan;
  /** PodDisruptionBudget; null: none, as for a single replica. */
  readonly disruption: { readonly maxUnavailable: number } | null;
  /** Rules of the namespaced Role; empty: no Role and no token in the pod. */
  readonly apiAccess: readonly RoleRule[];
  /** Files of the ConfigMap `<name>-config`; their hash is in the pod template, so that a change rolls out. */
  readonly files: Readonly<Record<string, string>>;
  /** PersistentVolumeClaims the workload owns. */
  readonly claims: readonly ClaimPlan[];
  /** How long an `up` waits for it. */
  readonly timeoutSeconds: number;
}

export interface RolloutPlan {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly progressDeadlineSeconds: number;
}

export interface PodPlan {
  /** Name of the only container. */
  readonly container: string;
  readonly image: string;
  readonly pullPolicy: "IfNotPresent" | "Always" | "Never";
  readonly pullSecrets: readonly string[];
  readonly command: readonly string[] | null;
  readonly args: readonly string[] | null;
  readonly env: readonly EnvironmentVariable[];
  readonly ports: readonly ContainerPort[];
  readonly probes: { readonly startup?: Probe; readonly readiness?: Probe; readonly liveness?: Probe };
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
  readonly mounts: readonly Mount[];
  readonly security: PodSecurity;
  readonly nodeSelector: Labels;
  readonly tolerations: readonly Toleration[];
  readonly runtimeClass: string | null;
  /** Seconds between leaving the endpoints and SIGTERM. */
  readonly preStopSeconds: number;
  readonly terminationGracePeriodSeconds: number;
  readonly annotations: Readonly<Record<string, string>>;
}

export type EnvironmentVariable =
  | { readonly name: string; readonly value: string }
  | { readonly name: string; readonly secret: { readonly name: string; readonly key: string } }
  /** A field of the pod, such as `status.podIP`. */
  | { readonly name: string; readonly field: string };

export interface ContainerPort {
  readonly name: string;
  readonly port: number;
}

export interface ServicePort {
  readonly name: string;
  readonly port: number;
  /** Name of the container's port. */
  readonly target: string;
}

export interface Probe {
  readonly http?: { readonly path: string; readonly port: string };
  readonly tcp?: { readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

/** A volume and where it is mounted. */
export interface Mount {
  /** Name of the volume. */
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
  readonly source:
    | { readonly kind: "memory"; readonly sizeLimit: string }
    | { readonly kind: "emptyDir"; readonly sizeLimit: string | null }
    | { readonly kind: "claim"; readonly claim: string }
    /** The workload's own ConfigMap, {@link WorkloadPlan.files}; `items` are the files mounted (default: all). */
    | { readonly kind: "files"; readonly items?: readonly string[] }
    /** A ConfigMap that something else of the stack makes, such as the dashboards. */
    | { readonly kind: "configMap"; readonly name: string }
    | { readonly kind: "secret"; readonly secret: string };
}

export interface ClaimPlan {
  readonly name: string;
  readonly size: string;
  readonly accessMode: "ReadWriteOnce" | "ReadWriteMany";
  readonly storageClass: string | null;
}

/** All pods run under the Pod Security Standard `restricted`. */
export interface PodSecurity {
  readonly runAsUser: number;
  readonly runAsGroup: number;
  readonly fsGroup: number;
  readonly readOnlyRootFilesystem: boolean;
}

export interface Toleration {
  readonly key: string;
  readonly operator: "Exists" | "Equal";
  readonly value?: string;
  readonly effect?: "NoSchedule" | "NoExecute" | "PreferNoSchedule";
}

export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Who may talk to whom.

/** One allowed connection. Everything that no flow allows is denied in both directions. */
export interface Flow {
  readonly from: Peer;
  readonly to: Peer;
  /** TCP ports; for DNS also UDP. */
  readonly ports: readonly number[];
  /** Why, for people. */
  readonly reason: string;
}

export type Peer =
  /** Pods of a workload of this stack, by its selector. */
  | { readonly kind: "pods"; readonly selector: Labels; readonly label: string }
  /** Pods anywhere in the cluster (clients of the front). */
  | { readonly kind: "cluster" }
  /** The cluster's DNS server. */
  | { readonly kind: "dns" }
  /** Public addresses: model hub and object storage; private and link-local ranges are excluded. */
  | { readonly kind: "internet" }
  /** The Kubernetes API server. */
  | { readonly kind: "apiServer"; readonly cidrs: readonly string[] };
