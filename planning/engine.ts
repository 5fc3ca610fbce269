import type { ArchitectureDescription } from "../catalog/architecture.ts";
import type { Environment, Model } from "../environments/schema/environment.ts";
import { checkCache, planEngineCache } from "./cache.ts";
import { disruptionBudget } from "./disruption.ts";
import { engineCommand, maxLengthOf, servedNameOf } from "./engine/command.ts";
import { engineEnvironment } from "./engine/environment.ts";
import { fitEngine } from "./engine/fit.ts";
import { enginePod } from "./engine/pod.ts";
import { engineResources, type EngineSizes } from "./engine/resources.ts";
import { checkEngine } from "./engine/rules.ts";
import { engineRollout, engineTimes } from "./engine/timing.ts";
import { mergeFindings, type Findings } from "./findings.ts";
import { kvBytes, kvElementBytes } from "./fit/memory.ts";
import type { FitReport } from "./fit.ts";
import { engineImageFor, flagVersionOf } from "./images.ts";
import { API_PORT, labelsOf, nameOf, selectorOf } from "./names.ts";
import { gpusPerReplica, poolOf } from "./pools.ts";
import type { EnginePlan, FitSummary, PoolPlan, WorkloadPlan } from "./types.ts";

/** What engines are planned with. */
export interface EngineContext {
  /** Name of the environment. */
  readonly environmentName: string;
  readonly environment: Environment;
  readonly pools: readonly PoolPlan[];
}

/** The engines of one model: their plan (null where a problem leaves nothing to plan) and everything to say about them. */
export interface PlannedEngine extends Findings {
  readonly engine: EnginePlan | null;
}

/** Plans the engines of a model. `index` is its place in the environment, for messages. */
export function planEngine(context: EngineContext, model: Model, index: number): PlannedEngine {
  const { environmentName, environment, pools } = context;
  const pool = poolOf(pools, model);
  const gpus = gpusPerReplica(model, pool);
  const fit = fitEngine(environment, model, index, pool);
  const perToken = kvBytesPerToken(model, fit.shape);
  const length = maxLengthOf(model, fit.shape);
  const sizes: EngineSizes = {
    files: fit.shape?.weightsBytes ?? 0,
    weights: fit.report?.figures?.weightsBytes ?? fit.shape?.weightsBytes ?? 0,
    kvPerRequest: perToken === null ? null : perToken * Math.max(1, gpus) * length,
  };
  const cache = planEngineCache(environmentName, environment, model, perToken);
  const times = engineTimes(model, fit.shape);
  const needs = engineResources(model, gpus, sizes, cache, flagVersionOf(engineImageFor(environment, model)));
  const command = engineCommand(environment, model, fit.shape, cache);
  const env = engineEnvironment(environment, model, cache, times, needs);
  const pod = enginePod({ environment, model, pool, command, env, cache, needs, times });
  const findings = mergeFindings(
    fit,
    checkCache(environment, model, index),
    checkEngine({ environment, model, index, pool, shape: fit.shape, pod, cache, needs, times }),
  );
  if (model.runtime === "cuda" && (pool === null || fit.shape === null)) return { engine: null, ...findings };
  const engine: EnginePlan = {
    model: model.name,
    source: model.model,
    servedName: servedNameOf(model),
    runtime: model.runtime,
    pool: pool?.name ?? null,
    gpusPerReplica: gpus,
    maxModelLength: length,
    fit: fit.report === null ? null : summary(fit.report),
    start: times.start,
    cache: cache?.plan ?? null,
    workload: workload(context, model, pod, engineRollout(model, gpus, times), times.timeout),
  };
  return { engine, ...findings };
}

/** The report without the catalog's rows it was computed from, in figures as exact as the arithmetic is. */
function summary({ verdict, figures, rows, problems, change }: FitReport): FitSummary {
  return {
    verdict,
    rows: rows.map((row) => ({ ...row, gib: hundredths(row.gib) })),
    problems,
    ...(figures === undefined
      ? {}
      : {
          figures: {
            ...figures,
            weightsGiB: hundredths(figures.weightsGiB),
            kvCacheGiB: hundredths(figures.kvCacheGiB),
            concurrency: hundredths(figures.concurrency),
            shortfallGiB: hundredths(figures.shortfallGiB),
          },
        }),
    ...(change === undefined ? {} : { change: { kind: change.kind, text: change.text, verdict: change.verdict } }),
  };
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function kvBytesPerToken(model: Model, shape: ArchitectureDescription | null): number | null {
  const elementBytes = kvElementBytes(model.kvCacheDtype);
  if (shape === null || elementBytes === undefined) return null;
  const parallelism = { tensor: model.tensorParallel, pipeline: model.pipelineParallel };
  const { growing, windowed } = kvBytes(shape, parallelism, elementBytes);
  return growing + windowed;
}

function workload(
  { environmentName, environment }: EngineContext,
  model: Model,
  pod: WorkloadPlan["pod"],
  rollout: WorkloadPlan["rollout"],
  timeoutSeconds: number,
): WorkloadPlan {
  return {
    name: nameOf("engine", model.name),
    // The routers of the production stack read the label `model`.
    labels: { ...labelsOf(environmentName, "engine", model.name), model: model.name },
    selector: selectorOf(environmentName, "engine", model.name),
    replicas: environment.paused ? 0 : model.replicas,
    pod,
    service: { ports: [{ name: "http", port: API_PORT, target: "http" }] },
    rollout,
    disruption: disruptionBudget(environment.paused ? 0 : model.replicas),
    apiAccess: [],
    files: {},
    claims: [],
    timeoutSeconds,
  };
}
