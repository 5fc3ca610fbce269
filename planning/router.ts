import { implementationsWith, router as routerFacts, type PolicySupport } from "../catalog/routers.ts";
import type { Environment, Model, Routing } from "../environments/schema/environment.ts";
import { disruptionBudget } from "./disruption.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { imageFor } from "./images.ts";
import { API_PORT, hostOf, labelsOf, nameOf, SECRETS, selectorOf } from "./names.ts";
import { routerArguments } from "./router/arguments.ts";
import { drain, ordinaryPlace, resources, scratch, surgeRollout } from "./stateless.ts";
import type { PodPlan, RoleRule, RouterPlan, WorkloadPlan } from "./types.ts";

/** The router of one model and everything to say about it. */
export interface PlannedRouter extends Findings {
  readonly router: RouterPlan;
}

/** What differs between the implementations besides their arguments. */
interface RouterProgram {
  readonly role: "productionStackRouter" | "vllmRouter";
  /** null: the image's own, whose path differs between tags. */
  readonly command: readonly string[] | null;
  /** Port of `/metrics`. */
  readonly metricsPort: number;
  /** Answers 200 whether or not there are engines: a router without any must not be restarted, nor hold up a rollout. */
  readonly healthPath: string;
  /** Longest start in seconds after the image is there. */
  readonly startSeconds: number;
  /** Whether it calls engines on its own account, with their key. */
  readonly needsEngineKey: boolean;
}

/**
 * Sources: vllm-project/production-stack `src/vllm_router` of 2026-08-05 (imports of its optional parts take up to a
 * minute; discovery reads `/v1/models` of each engine); vllm-project/router 0.1.17, run 2026-11-20 (`/health` is 503 and
 * `/liveness` 200 without a healthy engine; the client's Authorization is passed on).
 */
const PROGRAMS: Readonly<Record<RouterPlan["implementation"], RouterProgram>> = {
  "production-stack": {
    role: "productionStackRouter",
    command: null,
    metricsPort: API_PORT,
    healthPath: "/health",
    startSeconds: 300,
    needsEngineKey: true,
  },
  "vllm-router": {
    role: "vllmRouter",
    command: ["vllm-router"],
    metricsPort: 29000,
    healthPath: "/liveness",
    startSeconds: 60,
    needsEngineKey: false,
  },
};

/** Longest download of a router's image in seconds; the production stack's contains vLLM and LMCache. */
const PULL_SECONDS = 900;

/** Headers vllm-router's consistent hashing reads; any other is ignored. Source: 0.1.17, run 2026-11-20. */
const VLLM_ROUTER_SESSION_HEADERS: readonly string[] = ["x-session-id", "x-user-id", "x-tenant-id"];

/** The routing of a model: its own or the stack's. */
export function routingOf(environment: Environment, model: Model): Routing {
  return model.routing ?? environment.router.routing;
}

/**
 * Plans the router of one model. A policy or a setting its implementation lacks is refused, with the name of the one
 * that has it.
 */
export function planRouter(environmentName: string, environment: Environment, model: Model): PlannedRouter {
  const { implementation } = environment.router;
  const routing = routingOf(environment, model);
  const support = routerFacts(implementation).policies[routing.policy];
  const replicas = planReplicas(environment, routing, support);
  const router: RouterPlan = {
    model: model.name,
    implementation,
    policy: routing.policy,
    replicasReason: replicas.reason,
    address: `${hostOf(environmentName, "router", model.name)}:${API_PORT}`,
    workload: workload(environmentName, environment, model, replicas.count),
  };
  return { router, ...mergeFindings(checkRouting(environment, model, routing, support), replicas.findings) };
}

function planReplicas(
  { router }: Environment,
  { policy }: Routing,
  support: PolicySupport | undefined,
): { count: number; reason: string; findings: Findings } {
  const state = support?.statePerReplica === true;
  if (router.replicas === undefined) {
    return state
      ? { count: 1, reason: `one: with ${policy} a router knows only what it routed itself`, findings: NO_FINDINGS }
      : { count: 2, reason: "two: one may fail or be replaced", findings: NO_FINDINGS };
  }
  const divided = state && router.replicas > 1;
  return {
    count: router.replicas,
    reason: `${router.replicas}, as router.replicas says`,
    findings: divided
      ? warned(
          "router.replicas",
          `With ${policy} each of the ${router.replicas} routers of a model knows only the requests it routed itself: ` +
            "a shared prefix reaches its engine less often. One router keeps them together.",
        )
      : NO_FINDINGS,
  };
}

function checkRouting(
  environment: Environment,
  model: Model,
  routing: Routing,
  support: PolicySupport | undefined,
): Findings {
  const { implementation } = environment.router;
  const path = model.routing === undefined ? "router.routing" : `models[${environment.models.indexOf(model)}].routing`;
  if (support === undefined) {
    const others = implementationsWith(routing.policy);
    return refused(
      `${path}.policy`,
      routing.policy,
      `is not a policy of ${implementation}`,
      `Set router.implementation: ${others.join(" or ")}, or use another policy.`,
    );
  }
  if (routing.policy === "session" && implementation === "vllm-router") {
    const known = VLLM_ROUTER_SESSION_HEADERS;
    return known.includes(routing.sessionKey.toLowerCase())
      ? NO_FINDINGS
      : refused(
          `${path}.sessionKey`,
          routing.sessionKey,
          `is not a header vllm-router reads; it knows ${known.join(", ")}`,
          "Use one of these, or set router.implementation: production-stack, which takes any.",
        );
  }
  if (routing.policy === "prefixAware" && implementation === "production-stack") {
    const { cacheThreshold, balanceAbsoluteThreshold, balanceRelativeThreshold } = routing;
    const settings = Object.entries({ cacheThreshold, balanceAbsoluteThreshold, balanceRelativeThreshold });
    return mergeFindings(
      ...settings.map(([name, value]) =>
        value === undefined
          ? NO_FINDINGS
          : refused(
              `${path}.${name}`,
              value,
              "is not a setting of production-stack, which always takes the longest shared prefix",
              "Leave it out, or set router.implementation: vllm-router.",
            ),
      ),
    );
  }
  return NO_FINDINGS;
}

function workload(environmentName: string, environment: Environment, model: Model, replicas: number): WorkloadPlan {
  const program = PROGRAMS[environment.router.implementation];
  const startSeconds = PULL_SECONDS + program.startSeconds;
  return {
    name: nameOf("router", model.name),
    labels: labelsOf(environmentName, "router", model.name),
    selector: selectorOf(environmentName, "router", model.name),
    replicas,
    pod: pod(environmentName, environment, model, program),
    service: { ports: [{ name: "http", port: API_PORT, target: "http" }] },
    rollout: surgeRollout(startSeconds),
    disruption: disruptionBudget(replicas),
    apiAccess: [podAccess(environment, model)],
    files: {},
    claims: [],
    timeoutSeconds: startSeconds,
  };
}

/** What discovery needs: to find the engines' pods. Sleep mode is written into a label of the pod by the Python router. */
function podAccess(environment: Environment, model: Model): RoleRule {
  const writes =
    environment.router.implementation === "production-stack" && model.extraArgs.includes("--enable-sleep-mode");
  return { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", ...(writes ? ["patch"] : [])] };
}

function pod(environmentName: string, environment: Environment, model: Model, program: RouterProgram): PodPlan {
  const { cpu = "500m", memory = "1Gi" } = environment.router.resources;
  const health = { http: { path: program.healthPath, port: "http" }, timeoutSeconds: 5 };
  const separate = program.metricsPort !== API_PORT;
  return {
    container: "router",
    image: imageFor(environment, program.role),
    command: program.command,
    args: routerArguments(environmentName, environment, model, program.metricsPort),
    env: [
      // Python and Hugging Face's libraries keep their caches below it.
      { name: "HOME", value: "/tmp" },
      { name: "PYTHONDONTWRITEBYTECODE", value: "1" },
      ...(program.needsEngineKey ? [{ name: "VLLM_API_KEY", secret: SECRETS.engineKey }] : []),
    ],
    ports: [{ name: "http", port: API_PORT }, ...(separate ? [{ name: "metrics", port: program.metricsPort }] : [])],
    probes: {
      startup: { ...health, periodSeconds: 2, failureThreshold: program.startSeconds / 2 },
      readiness: { ...health, periodSeconds: 5, failureThreshold: 3 },
      liveness: { ...health, periodSeconds: 10, failureThreshold: 6 },
    },
    resources: resources(cpu, memory),
    mounts: [scratch("tmp", "/tmp", "256Mi")],
    security: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, readOnlyRootFilesystem: true },
    ...ordinaryPlace(environment),
    ...drain(model.drainSeconds),
  };
}
