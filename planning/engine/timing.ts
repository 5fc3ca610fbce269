import type { ArchitectureDescription } from "../../catalog/architecture.ts";
import type { Model } from "../../environments/schema/environment.ts";
import { predictStart, type StartPrediction, type WeightsSource } from "../timing.ts";
import type { PodPlan, Probe, RolloutPlan } from "../types.ts";

/** All times of an engine, in seconds; they follow from one budget for its start and one for its end. */
export interface EngineTimes {
  /** null where there are no weights to load. */
  readonly start: StartPrediction | null;
  /** Longest time from the container's start to the first answer of `/health`. */
  readonly startBudget: number;
  /** Between leaving the endpoints and SIGTERM. */
  readonly preStop: number;
  readonly gracePeriod: number;
  readonly progressDeadline: number;
  /** Longest time an `up` waits for all replicas. */
  readonly timeout: number;
}

/** Times that depend on the kind of engine only, in seconds. */
interface RuntimeTimes {
  /** Least budget of a start. */
  readonly leastStart: number;
  /** Routers and the front must have seen the pod leave before it stops answering. */
  readonly preStop: number;
  /** Pulling and unpacking the image on a fresh node, before the container starts. */
  readonly pull: number;
  readonly startPeriod: number;
}

/**
 * Images of 10 to 18 GB arrive with about 20 MB/s, see `timing.ts`. A simulator is a few megabytes and loads nothing;
 * routers find a pod that left within 2 s.
 */
const RUNTIMES: Readonly<Record<Model["runtime"], RuntimeTimes>> = {
  cuda: { leastStart: 600, preStop: 15, pull: 1200, startPeriod: 10 },
  cpu: { leastStart: 600, preStop: 15, pull: 600, startPeriod: 10 },
  simulator: { leastStart: 120, preStop: 5, pull: 300, startPeriod: 2 },
};

/** vLLM needs this long to end its processes after the last answer, in seconds. Source: vLLM `v1/engine` shutdown. */
const EXIT_SECONDS = 15;

/** Starts are given three times what is predicted: a probe that gives up too early begins the load anew. */
const SAFETY = 3;

/** The times of one engine. */
export function engineTimes(model: Model, shape: ArchitectureDescription | null): EngineTimes {
  const runtime = RUNTIMES[model.runtime];
  const predicted = predict(model, shape);
  const startBudget =
    model.startSeconds ?? Math.max(runtime.leastStart, Math.ceil((SAFETY * (predicted?.seconds ?? 0)) / 60) * 60);
  const gracePeriod = runtime.preStop + model.drainSeconds + EXIT_SECONDS;
  const progressDeadline = runtime.pull + startBudget + gracePeriod;
  return {
    start: predicted === null ? null : { ...predicted, budgetSeconds: startBudget },
    startBudget,
    preStop: runtime.preStop,
    gracePeriod,
    progressDeadline,
    // Without a spare GPU replicas are replaced one after the other.
    timeout: progressDeadline * Math.max(1, model.replicas),
  };
}

function predict(model: Model, shape: ArchitectureDescription | null): StartPrediction | null {
  if (model.runtime === "simulator" || shape === null) return null;
  const prediction = predictStart({
    weightsBytes: shape.weightsBytes,
    source: weightsSource(model),
    gpus: model.tensorParallel * model.pipelineParallel,
    layers: shape.layers,
    enforceEager: model.eager,
  });
  if (model.runtime !== "cpu") return prediction;
  const breakdown = prediction.breakdown.map(({ label, seconds }) => ({
    label: label.replace(/,.*graphs$/, ""),
    seconds,
  }));
  return { ...prediction, breakdown };
}

/** The slowest place the weights may come from: a volume that can be written is empty at the first start. */
function weightsSource(model: Model): WeightsSource {
  const { weights } = model;
  if (weights.kind === "ephemeral") return "hub";
  if (downloads(model)) return "hub";
  return weights.accessMode === "ReadWriteOnce" ? "localDisk" : "sharedVolume";
}

/** Whether a model is a path inside the container and not an id on the hub. */
export function isPath(model: string): boolean {
  return model.startsWith("/") || model.startsWith(".");
}

/** Whether the weights are on a volume that can't be written, so that they were put there before. */
export function isFilled({ weights }: Model): boolean {
  return weights.kind === "claim" && weights.accessMode === "ReadOnlyMany";
}

/** Whether an engine may have to fetch its weights from the hub. */
export function downloads(model: Model): boolean {
  return !isFilled(model) && !isPath(model.model);
}

/**
 * Probes of an engine. `/health` answers only once the model is loaded, so the startup probe carries the whole start; a
 * TCP probe would pass long before. Long prefills delay the API's loop, hence the patience of the liveness probe.
 */
export function engineProbes(model: Model, times: EngineTimes): PodPlan["probes"] {
  const http = { path: "/health", port: "http" };
  const period = RUNTIMES[model.runtime].startPeriod;
  const probe = (periodSeconds: number, timeoutSeconds: number, failureThreshold: number): Probe => ({
    http,
    periodSeconds,
    timeoutSeconds,
    failureThreshold,
  });
  return {
    startup: probe(period, 5, Math.ceil(times.startBudget / period)),
    readiness: probe(5, 5, 3),
    liveness: probe(10, 10, 6),
  };
}

/**
 * A GPU pool seldom has a free GPU, so old engines leave before new ones come unless the environment promises room.
 * A volume of one node can't be reached by an old and a new engine on two.
 */
export function engineRollout(model: Model, gpus: number, times: EngineTimes): RolloutPlan {
  const oneNode = model.weights.kind === "claim" && model.weights.accessMode === "ReadWriteOnce";
  const surge = (gpus === 0 || model.spareGpus) && !oneNode;
  return {
    maxSurge: surge ? 1 : 0,
    maxUnavailable: surge ? 0 : 1,
    progressDeadlineSeconds: times.progressDeadline,
  };
}
