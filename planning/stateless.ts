import type { Environment } from "../environments/schema/environment.ts";
import type { Mount, PodPlan, RolloutPlan } from "./types.ts";

/**
 * Seconds between the moment a pod leaves its Service and SIGTERM. Kube-proxies see it leave within two seconds; the
 * rest is for connections that are open already, see `CONNECTION_SECONDS` in front-settings.ts.
 */
export const PRE_STOP_SECONDS = 10;

/** What a program takes to end after its last request, in seconds. */
const EXIT_SECONDS = 15;

/**
 * The rollout of a workload that needs no GPU: the new pod is there before the old one goes.
 *
 * @param startSeconds longest time from scheduling to readiness, the image's download included
 */
export function surgeRollout(startSeconds: number): RolloutPlan {
  return { maxSurge: 1, maxUnavailable: 0, progressDeadlineSeconds: startSeconds };
}

/** How a pod ends that serves requests of so many seconds at most. */
export function drain(seconds: number): Pick<PodPlan, "preStopSeconds" | "terminationGracePeriodSeconds"> {
  return { preStopSeconds: PRE_STOP_SECONDS, terminationGracePeriodSeconds: PRE_STOP_SECONDS + seconds + EXIT_SECONDS };
}

/** How a pod ends that nothing waits for. */
export function stopAtOnce(): Pick<PodPlan, "preStopSeconds" | "terminationGracePeriodSeconds"> {
  return { preStopSeconds: 0, terminationGracePeriodSeconds: 2 * EXIT_SECONDS };
}

/** What the environment says about every image, and a place without GPUs. */
export function ordinaryPlace(
  environment: Environment,
): Pick<PodPlan, "pullPolicy" | "pullSecrets" | "nodeSelector" | "tolerations" | "runtimeClass" | "annotations"> {
  return {
    pullPolicy: environment.images.pullPolicy,
    pullSecrets: environment.images.pullSecrets,
    nodeSelector: {},
    tolerations: [],
    runtimeClass: null,
    annotations: {},
  };
}

/** Processor time requested; memory requested and, unless it may grow, limited to the same. */
export function resources(cpu: string, memory: string, memoryLimit: string = memory): PodPlan["resources"] {
  return { requests: { cpu, memory }, limits: { memory: memoryLimit } };
}

/** A folder that can be written, where the root file system can't. */
export function scratch(name: string, path: string, sizeLimit: string): Mount {
  return { name, path, readOnly: false, source: { kind: "emptyDir", sizeLimit } };
}

/** A Secret as files. */
export function secretFiles(secret: string, path: string): Mount {
  return { name: secret, path, readOnly: true, source: { kind: "secret", secret } };
}

/** The workload's own files, all or those named. */
export function ownFiles(name: string, path: string, items?: readonly string[]): Mount {
  return { name, path, readOnly: true, source: { kind: "files", ...(items === undefined ? {} : { items }) } };
}
