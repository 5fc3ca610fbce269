import type { Environment } from "../environments/schema/environment.ts";
import { disruptionBudget } from "./disruption.ts";
import { adaptersOf } from "./engine/adapters.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { nginxConfig } from "./front/config.ts";
import { FRONT_PATHS, FRONT_STATUS_PORT, frontData, type FrontSettings } from "./front/settings.ts";
import { imageFor } from "./images.ts";
import { API_PORT, hostOf, labelsOf, nameOf, SECRETS, selectorOf } from "./names.ts";
import { routingOf } from "./router.ts";
import { drain, ordinaryPlace, ownFiles, resources, scratch, secretFiles, surgeRollout } from "./stateless.ts";
import type { EnginePlan, FrontPlan, PodPlan, RouterPlan } from "./types.ts";

/** The front and everything to say about it. */
export interface PlannedFront extends Findings {
  readonly front: FrontPlan;
}

/** Longest time from scheduling to readiness in seconds: nginx starts at once, its image has about 100 MB. */
const START_SECONDS = 300;

/** Largest bodies one front pod can hold at once, each of which takes five times its size while it is routed. */
const LARGE_BODIES = 6;
const MEMORY_PER_BODY = 5;

/**
 * Plans the front: which models there are, which router answers for each, whose keys are admitted.
 * Its files are nginx.conf and front.json; the component adds the script, which is the same everywhere.
 */
export function planFront(
  environmentName: string,
  environment: Environment,
  routers: readonly RouterPlan[],
  engines: readonly EnginePlan[],
): PlannedFront {
  const keys = environment.access.keys.map(({ name, requestsPerMinute = null }) => ({ name, requestsPerMinute }));
  const settings: FrontSettings = {
    routes: routers.flatMap((router) => routesOf(router, engines)),
    keys,
    sessionHeaders: sessionHeaders(environment),
    maxBodyMiB: environment.access.maxBodyMiB,
    requestTimeoutSeconds: environment.router.requestTimeoutSeconds,
    drainSeconds: Math.max(...environment.models.map((model) => model.drainSeconds)),
  };
  const front: FrontPlan = {
    routes: settings.routes.map(({ servedName, model, address }) => ({ servedName, model, address })),
    keys,
    endpoint: `http://${hostOf(environmentName, "front")}:${API_PORT}/v1`,
    workload: {
      name: nameOf("front"),
      labels: labelsOf(environmentName, "front"),
      selector: selectorOf(environmentName, "front"),
      replicas: environment.access.replicas,
      pod: pod(environment, settings),
      service: { ports: [{ name: "http", port: API_PORT, target: "http" }] },
      rollout: surgeRollout(START_SECONDS),
      disruption: disruptionBudget(environment.access.replicas),
      apiAccess: [],
      files: { "nginx.conf": nginxConfig(settings), "front.json": frontData(settings) },
      claims: [],
      timeoutSeconds: START_SECONDS,
    },
  };
  return { front, ...mergeFindings(checkKeys(environment), checkAdapters(environment, settings)) };
}

/**
 * vllm-router sends every request that names no session to one engine: it hashes the same empty key for all of them
 * (0.1.17, run 2026-11-20). The production stack's router takes the least busy engine by itself.
 */
function sessionHeaders(environment: Environment): string[] {
  if (environment.router.implementation !== "vllm-router") return [];
  const headers = environment.models
    .map((model) => routingOf(environment, model))
    .flatMap((routing) => (routing.policy === "session" ? [routing.sessionKey.toLowerCase()] : []));
  return [...new Set(headers)];
}

/** A model answers to its served name and to the names of its LoRA adapters. */
function routesOf(router: RouterPlan, engines: readonly EnginePlan[]): FrontSettings["routes"] {
  const engine = engines.find(({ model }) => model === router.model);
  if (engine === undefined) return [];
  const names = [engine.servedName, ...adaptersOf(engine).map(({ name }) => name)];
  return names.map((servedName) => ({
    servedName,
    model: router.model,
    router: router.workload.name,
    address: router.address,
    maxModelLength: engine.maxModelLength,
  }));
}

function checkKeys({ access: { keys } }: Environment): Findings {
  if (keys.length === 0) {
    return warned("access.keys", "The list is empty: everybody in the cluster may use the endpoint without a key.");
  }
  const twice = keys.findIndex(({ name }, index) => keys.findIndex((other) => other.name === name) < index);
  return twice < 0
    ? NO_FINDINGS
    : refused(
        `access.keys[${twice}].name`,
        keys[twice]?.name,
        "stands in the list twice",
        "Give each key its own name.",
      );
}

/** Two models with the same served name are found by the plan; here an adapter that is called like something else. */
function checkAdapters({ models }: Environment, { routes }: FrontSettings): Findings {
  const twice = routes.find(
    ({ servedName }, index) => routes.findIndex((other) => other.servedName === servedName) < index,
  );
  const index = models.findIndex(({ name }) => name === twice?.model);
  const isModel = twice !== undefined && twice.servedName === (models[index]?.servedName ?? models[index]?.model);
  return twice === undefined || isModel
    ? NO_FINDINGS
    : refused(
        `models[${index}].extraArgs`,
        `--lora-modules ${twice.servedName}`,
        "is a name something else is served under",
        "Give the adapter another name: requests are routed by it.",
      );
}

function pod(environment: Environment, { keys, maxBodyMiB, drainSeconds }: FrontSettings): PodPlan {
  const health = { http: { path: "/health", port: "status" }, timeoutSeconds: 2 };
  const memoryLimit = `${128 + LARGE_BODIES * MEMORY_PER_BODY * maxBodyMiB}Mi`;
  return {
    container: "front",
    image: imageFor(environment, "front"),
    // Errors go to the container's log from the first line of the configuration on.
    command: ["nginx", "-e", "stderr", "-c", `${FRONT_PATHS.config}/nginx.conf`, "-g", "daemon off;"],
    args: null,
    env: [],
    ports: [
      { name: "http", port: API_PORT },
      { name: "status", port: FRONT_STATUS_PORT },
    ],
    probes: {
      readiness: { ...health, periodSeconds: 3, failureThreshold: 3 },
      liveness: { ...health, periodSeconds: 10, failureThreshold: 6 },
    },
    resources: resources("100m", "128Mi", memoryLimit),
    mounts: [
      ownFiles("config", FRONT_PATHS.config),
      ...(keys.length === 0 ? [] : [secretFiles(SECRETS.apiKeys.name, FRONT_PATHS.keys)]),
      secretFiles(SECRETS.engineKey.name, FRONT_PATHS.engineKey),
      scratch("tmp", FRONT_PATHS.temporary, "64Mi"),
    ],
    // The user of nginx's official images.
    security: { runAsUser: 101, runAsGroup: 101, fsGroup: 101, readOnlyRootFilesystem: true },
    ...ordinaryPlace(environment),
    ...drain(drainSeconds),
  };
}
