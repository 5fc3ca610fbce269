import { listAt, numberAt, propertiesAt, textAt, type Properties } from "../clouds/values.ts";

/** Whether an object is usable: yes, not yet, or never by waiting alone. */
export type Verdict = { readonly state: "ready" } | { readonly state: "waiting" | "failed"; readonly message: string };

/** What the verdict on an object depends on besides the object. */
export interface Related {
  /** EndpointSlices of a Service. */
  readonly endpointSlices: readonly Properties[];
  /** StorageClasses of the cluster. */
  readonly storageClasses: readonly Properties[];
  /** When the waiting began, in milliseconds since 1970: failures from before may be over. @default 0, any failure counts */
  readonly since?: number;
}

/** Kinds whose verdict needs something of {@link Related}. */
export const NEEDS: Readonly<Record<"endpointSlices" | "storageClasses", readonly string[]>> = {
  endpointSlices: ["Service"],
  storageClasses: ["PersistentVolumeClaim"],
};

/** The object can be used. */
export const READY: Verdict = { state: "ready" };

/** The object can't be used yet. */
export function waiting(message: string): Verdict {
  return { state: "waiting", message };
}

/** Waiting alone won't help. */
export function failed(message: string): Verdict {
  return { state: "failed", message };
}

/**
 * The verdict on an object by the rules of its kind; kinds without rules are ready when they exist.
 * The rules follow the published provider's (pulumi-kubernetes 4.34, await package) and `kubectl rollout status`.
 */
export function verdictOn(object: Properties, related: Related): Verdict {
  const kind = textAt(object, "kind") ?? "";
  // Custom resources may share a kind's name; they are not awaited unless the program says what for.
  const group = (textAt(object, "apiVersion") ?? "").split("/").slice(0, -1).join("/");
  const rule = RULES[`${group}/${kind}`];
  return rule === undefined ? READY : rule(object, related);
}

type Rule = (object: Properties, related: Related) => Verdict;

const RULES: Readonly<Record<string, Rule>> = {
  "/Namespace": (object) => phase(object, ["Active"], ["Terminating"]),
  "/PersistentVolume": (object) => phase(object, ["Available", "Bound"], ["Failed"]),
  "/PersistentVolumeClaim": claim,
  "/Pod": pod,
  "/ReplicationController": replicaSet,
  "/Service": service,
  "apiextensions.k8s.io/CustomResourceDefinition": (object) =>
    condition(object, "NamesAccepted")?.status === "False"
      ? failed(`its names are refused: ${conditionMessage(object, "NamesAccepted")}`)
      : byCondition(object, "Established"),
  "apiregistration.k8s.io/APIService": (object) => byCondition(object, "Available"),
  "apps/DaemonSet": daemonSet,
  "apps/Deployment": deployment,
  "apps/ReplicaSet": replicaSet,
  "apps/StatefulSet": statefulSet,
  "batch/Job": job,
  "networking.k8s.io/Ingress": (object) => address(object, "no ingress controller has given it an address"),
};

function deployment(object: Properties, { since = 0 }: Related): Verdict {
  if (propertiesAt(object, "spec").paused === true) return READY;
  const behind = unobserved(object);
  if (behind !== undefined) return behind;
  const progressing = condition(object, "Progressing");
  // Whatever the deadline was missed for, a Secret or a node, may be there by now: the controller goes on trying.
  const missed = progressing?.reason === "ProgressDeadlineExceeded" && progressing.at >= since;
  if (missed) {
    return failed(`its rollout made no progress within the deadline: ${progressing.message}`);
  }
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const { replicas, updatedReplicas, availableReplicas } = counts(object);
  if (updatedReplicas < wanted) return waiting(`${updatedReplicas} of ${wanted} replicas are of the new version`);
  if (replicas > updatedReplicas)
    return waiting(`replicas of the old version that are still there: ${replicas - updatedReplicas}`);
  if (availableReplicas < wanted) return waiting(`${availableReplicas} of ${wanted} replicas are available`);
  return READY;
}

function statefulSet(object: Properties): Verdict {
  const behind = unobserved(object);
  if (behind !== undefined) return behind;
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const { readyReplicas, updatedReplicas } = counts(object);
  if (readyReplicas < wanted) return waiting(`${readyReplicas} of ${wanted} replicas are ready`);
  if (textAt(object, "spec", "updateStrategy", "type") === "OnDelete") return READY;
  const updated = wanted - (numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);
  const status = propertiesAt(object, "status");
  const settled = status.currentRevision === status.updateRevision || updatedReplicas >= updated;
  return settled ? READY : waiting(`${updatedReplicas} of ${updated} replicas are of the new version`);
}

function daemonSet(object: Properties): Verdict {
  const behind = unobserved(object);
  if (behind !== undefined) return behind;
  const { desiredNumberScheduled, updatedNumberScheduled, numberAvailable } = counts(object);
  const onDelete = textAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (!onDelete && updatedNumberScheduled < desiredNumberScheduled) {
    return waiting(`${updatedNumberScheduled} of ${desiredNumberScheduled} nodes run the new version`);
  }
  if (numberAvailable < desiredNumberScheduled) {
    return waiting(`its pods are available on ${numberAvailable} of ${desiredNumberScheduled} nodes`);
  }
  return READY;
}

function replicaSet(object: Properties): Verdict {
  const behind = unobserved(object);
  if (behind !== undefined) return behind;
  const wanted = numberAt(object, "spec", "replicas") ?? 1;
  const { availableReplicas } = counts(object);
  return availableReplicas < wanted ? waiting(`${availableReplicas} of ${wanted} replicas are available`) : READY;
}

function pod(object: Properties): Verdict {
  const current = textAt(object, "status", "phase") ?? "Pending";
  if (current === "Failed") return failed(`it failed: ${textAt(object, "status", "message") ?? "see its containers"}`);
  if (current === "Succeeded" || condition(object, "Ready")?.status === "True") return READY;
  return waiting(`it is ${current === "Running" ? "running but not ready" : current.toLowerCase()}`);
}

function job(object: Properties): Verdict {
  if (propertiesAt(object, "spec").suspend === true || condition(object, "Complete")?.status === "True") return READY;
  const failure = condition(object, "Failed");
  if (failure?.status === "True") return failed(`it failed: ${failure.reason} ${failure.message}`.trim());
  const wanted = numberAt(object, "spec", "completions") ?? 1;
  return waiting(`${counts(object).succeeded} of ${wanted} pods have completed`);
}

function claim(object: Properties, { storageClasses }: Related): Verdict {
  const verdict = phase(object, ["Bound"], ["Lost"]);
  if (verdict.state !== "waiting") return verdict;
  const name = textAt(object, "spec", "storageClassName");
  const used = storageClasses.find((storageClass) =>
    name === undefined ? isDefaultClass(storageClass) : textAt(storageClass, "metadata", "name") === name,
  );
  // Such a volume is made when the first pod that uses it is scheduled.
  return used?.volumeBindingMode === "WaitForFirstConsumer" ? READY : verdict;
}

function service(object: Properties, { endpointSlices }: Related): Verdict {
  const spec = propertiesAt(object, "spec");
  if (spec.type === "ExternalName") return READY;
  const selects = Object.keys(propertiesAt(spec, "selector")).length > 0;
  const headless = spec.clusterIP === "None";
  const endpoints = endpointSlices.flatMap((slice) => listAt(slice, "endpoints"));
  // A missing condition means ready, as the API says.
  const usable = endpoints.some((endpoint) => propertiesAt(endpoint, "conditions").ready !== false);
  if (selects && !headless && !usable) return waiting("none of the pods it selects is ready");
  return spec.type === "LoadBalancer" ? address(object, "no load balancer has been given to it") : READY;
}

function address(object: Properties, message: string): Verdict {
  return listAt(object, "status", "loadBalancer", "ingress").length > 0 ? READY : waiting(message);
}

function phase(object: Properties, good: readonly string[], bad: readonly string[]): Verdict {
  const current = textAt(object, "status", "phase") ?? "Pending";
  if (good.includes(current)) return READY;
  return bad.includes(current) ? failed(`it is ${current}`) : waiting(`it is ${current}`);
}

/** Ready when the condition is true. */
export function byCondition(object: Properties, type: string, status = "True"): Verdict {
  const found = condition(object, type);
  if (found?.status === status) return READY;
  const state = found === undefined ? "is not there" : `is ${found.status}`;
  return waiting(`condition ${type} ${state}${found?.message ? `: ${found.message}` : ""}`);
}

/** A condition in an object's status. */
export interface Condition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  /** When it was last found to be so, in milliseconds since 1970; 0 if it doesn't say. */
  readonly at: number;
}

/** The condition of a type in an object's status. */
export function condition(object: Properties, type: string): Condition | undefined {
  const found = listAt(object, "status", "conditions").find((one) => textAt(one, "type") === type);
  if (found === undefined) return undefined;
  return {
    status: textAt(found, "status") ?? "Unknown",
    reason: textAt(found, "reason") ?? "",
    message: textAt(found, "message") ?? "",
    at: Date.parse(textAt(found, "lastUpdateTime") ?? textAt(found, "lastTransitionTime") ?? "1970-01-01"),
  };
}

function conditionMessage(object: Properties, type: string): string {
  return condition(object, type)?.message ?? "";
}

/** Until a controller has seen the newest generation, its status describes an older one. */
function unobserved(object: Properties): Verdict | undefined {
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  const observed = numberAt(object, "status", "observedGeneration") ?? 0;
  return observed < generation ? waiting("its controller has not seen the change yet") : undefined;
}

function isDefaultClass(storageClass: Properties): boolean {
  return textAt(storageClass, "metadata", "annotations", "storageclass.kubernetes.io/is-default-class") === "true";
}

type Count =
  | "replicas"
  | "readyReplicas"
  | "updatedReplicas"
  | "availableReplicas"
  | "desiredNumberScheduled"
  | "updatedNumberScheduled"
  | "numberAvailable"
  | "succeeded";

/** Counters of a status; the API leaves out those that are 0. */
function counts(object: Properties): Readonly<Record<Count, number>> {
  const count = (name: Count) => numberAt(object, "status", name) ?? 0;
  return {
    replicas: count("replicas"),
    readyReplicas: count("readyReplicas"),
    updatedReplicas: count("updatedReplicas"),
    availableReplicas: count("availableReplicas"),
    desiredNumberScheduled: count("desiredNumberScheduled"),
    updatedNumberScheduled: count("updatedNumberScheduled"),
    numberAvailable: count("numberAvailable"),
    succeeded: count("succeeded"),
  };
}
