import type { Cache, Environment, Model } from "../environments/schema/environment.ts";
import { cacheOf, usesCache } from "./cache/use.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { imageFor } from "./images.ts";
import { hostOf, labelsOf, nameOf, selectorOf } from "./names.ts";
import { formatGiB } from "./quantities.ts";
import type { CachePlan, EnvironmentVariable, Mount, WorkloadPlan } from "./types.ts";

/** Port of the shared LMCache server. It has no authentication: NetworkPolicies let engines alone reach it. */
export const CACHE_PORT = 65432;

/** Where the disk tier lives inside an engine. */
const DISK_PATH = "/cache/lmcache";

/**
 * Pinned memory per GPU through which LMCache moves blocks to disk and network even when it keeps none in memory, in GiB.
 * Source: LMCache 0.5.6 `max_local_cpu_size`, its own default.
 */
const STAGING_GIB = 5;

/** Python, torch and the server's own objects, in GiB, beside the blocks it keeps. */
const SERVER_OVERHEAD_GIB = 2;

/** Engines both keep and fetch blocks; what can't be fetched is computed again instead of failing the request. */
const CONNECTOR = { kv_connector: "LMCacheConnectorV1", kv_role: "kv_both", kv_load_failure_policy: "recompute" };

/** LMCache inside one model's engines. All sizes are per GPU, because each GPU's worker keeps its own share. */
export interface EngineCache {
  readonly plan: CachePlan;
  readonly args: readonly string[];
  readonly env: readonly EnvironmentVariable[];
  readonly mounts: readonly Mount[];
  /** Pinned host memory per GPU, which counts against the pod's limit. */
  readonly memoryGiBPerGpu: number;
  /** Limit of the disk tier's volume for all GPUs of the engine; 0: no disk tier. */
  readonly diskGiB: number;
}

type LmcacheSettings = Extract<Cache, { kind: "lmcache" }>;

/**
 * LMCache in the engine process, configured by environment variables.
 *
 * The in-process connector is chosen over LMCache's server in the pod: the tested image pair can start that server only
 * from a shell or a second container that sees the GPUs unasked, its sockets execute what they are sent
 * (CVE-2026-105192, CVE-2026-107204), and vLLM below 0.30 can be crashed through it by a request's `cache_salt`
 * (CVE-2026-105756). The in-process connector opens no socket at all.
 *
 * @param kvBytesPerToken KV bytes of one token on one GPU; null where the model's shape is unknown
 */
export function planEngineCache(
  environmentName: string,
  environment: Environment,
  model: Model,
  kvBytesPerToken: number | null,
): EngineCache | null {
  const cache = cacheOf(environment, model);
  if (cache.kind === "none" || !usesCache(environment, model)) return null;
  const cpu = cache.cpu?.sizeGiBPerGpu ?? 0;
  const disk = cache.disk?.sizeGiBPerGpu ?? 0;
  const server = cache.server === undefined ? null : `${hostOf(environmentName, "cache")}:${CACHE_PORT}`;
  const memoryGiBPerGpu = cpu > 0 ? cpu : STAGING_GIB;
  // A tenth more than LMCache may write: the kubelet evicts the pod at the limit, LMCache itself evicts blocks before.
  const diskGiB = Math.ceil(disk * model.tensorParallel * model.pipelineParallel * 11) / 10;
  const cpuTokens = kvBytesPerToken === null || cpu === 0 ? null : Math.floor((cpu * 2 ** 30) / kvBytesPerToken);
  return {
    plan: { cpuGiBPerGpu: cpu, diskGiBPerGpu: disk, server, cpuTokens },
    args: ["--kv-transfer-config", JSON.stringify(CONNECTOR)],
    env: settings(cache, memoryGiBPerGpu, server),
    mounts: diskGiB === 0 ? [] : [diskMount(diskGiB)],
    memoryGiBPerGpu,
    diskGiB,
  };
}

/** LMCache reads a boolean other than `true` and `1` as false, and sizes as GiB per worker. */
function settings(cache: LmcacheSettings, memoryGiB: number, server: string | null): EnvironmentVariable[] {
  const values: Readonly<Record<string, string | undefined>> = {
    LMCACHE_CHUNK_SIZE: String(cache.chunkSize),
    LMCACHE_LOCAL_CPU: cache.cpu === undefined ? "false" : "true",
    LMCACHE_MAX_LOCAL_CPU_SIZE: String(memoryGiB),
    LMCACHE_LOCAL_DISK: cache.disk === undefined ? undefined : DISK_PATH,
    LMCACHE_MAX_LOCAL_DISK_SIZE: cache.disk === undefined ? undefined : String(cache.disk.sizeGiBPerGpu),
    LMCACHE_REMOTE_URL: server === null ? undefined : `lm://${server}`,
    LMCACHE_REMOTE_SERDE: server === null ? undefined : "naive",
    // Block keys are made with Python's hash, which is random per process unless seeded: engines would never share.
    PYTHONHASHSEED: "0",
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}

function diskMount(gib: number): Mount {
  return {
    name: "lmcache-disk",
    path: DISK_PATH,
    readOnly: false,
    source: { kind: "emptyDir", sizeLimit: formatGiB(gib) },
  };
}

/** What is wrong with the cache settings of one model. */
export function checkCache(environment: Environment, model: Model, index: number): Findings {
  const cache = cacheOf(environment, model);
  if (cache.kind === "none") return NO_FINDINGS;
  const path = model.cache === undefined ? "cache" : `models[${index}].cache`;
  if (model.runtime !== "cuda") {
    return refused(
      `${path}.kind`,
      "lmcache",
      `needs NVIDIA GPUs, and ${model.name} has runtime ${model.runtime}`,
      `Set models[${index}].cache to { kind: none }.`,
    );
  }
  const empty = cache.cpu === undefined && cache.disk === undefined && cache.server === undefined;
  return mergeFindings(
    empty ? refused(path, undefined, "keeps nothing", "Give it cpu, disk or server, or set kind: none.") : NO_FINDINGS,
    // Blocks of 16 tokens are what vLLM hands over.
    cache.chunkSize % 16 === 0
      ? NO_FINDINGS
      : refused(`${path}.chunkSize`, cache.chunkSize, "must be a multiple of 16, vLLM's block size", "Use 256."),
    cache.server === undefined
      ? NO_FINDINGS
      : warned(
          `${path}.server`,
          "The shared LMCache server knows no keys and never evicts: when its memory is full it is killed and starts empty. NetworkPolicies let engines alone reach it; the cluster's network plugin has to enforce them.",
        ),
  );
}

/** Servers of different sizes asked for: there is one for all. */
export function checkCacheServers(environment: Environment): Findings {
  const asked = servers(environment);
  const [first] = asked;
  return mergeFindings(
    ...asked.map(({ path, sizeGiB }) =>
      first === undefined || sizeGiB === first.sizeGiB
        ? NO_FINDINGS
        : refused(
            `${path}.sizeGiB`,
            sizeGiB,
            `differs from ${first.path}.sizeGiB, and the stack has one server`,
            `Use ${first.sizeGiB} in both.`,
          ),
    ),
  );
}

function servers(environment: Environment): { readonly path: string; readonly sizeGiB: number }[] {
  return environment.models
    .map((model, index) => ({
      cache: usesCache(environment, model) ? cacheOf(environment, model) : undefined,
      path: model.cache === undefined ? "cache.server" : `models[${index}].cache.server`,
    }))
    .flatMap(({ cache, path }) =>
      cache?.kind === "lmcache" && cache.server !== undefined ? [{ path, sizeGiB: cache.server.sizeGiB }] : [],
    );
}

/** The shared LMCache server, or null if no engine uses one. */
export function planCacheServer(environmentName: string, environment: Environment): WorkloadPlan | null {
  const [server] = servers(environment);
  if (server === undefined) return null;
  const memory = formatGiB(server.sizeGiB + SERVER_OVERHEAD_GIB);
  const probe = { tcp: { port: "cache" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    name: nameOf("cache"),
    labels: labelsOf(environmentName, "cache"),
    selector: selectorOf(environmentName, "cache"),
    replicas: 1,
    pod: {
      container: "cache",
      image: imageFor(environment, "cacheServer"),
      pullPolicy: environment.images.pullPolicy,
      pullSecrets: environment.images.pullSecrets,
      command: ["lmcache_server", "0.0.0.0", String(CACHE_PORT), "cpu"],
      args: null,
      env: [
        { name: "HOME", value: "/tmp" },
        { name: "DO_NOT_TRACK", value: "1" },
      ],
      ports: [{ name: "cache", port: CACHE_PORT }],
      probes: {
        startup: { ...probe, failureThreshold: 30 },
        readiness: { ...probe, failureThreshold: 3 },
        liveness: { ...probe, failureThreshold: 6 },
      },
      // The kernel's limit is the only bound on the cache: the program has none.
      resources: { requests: { cpu: "1", memory }, limits: { memory } },
      mounts: [{ name: "tmp", path: "/tmp", readOnly: false, source: { kind: "emptyDir", sizeLimit: "1Gi" } }],
      security: { runAsUser: 2000, runAsGroup: 0, fsGroup: 0, readOnlyRootFilesystem: true },
      nodeSelector: {},
      tolerations: [],
      runtimeClass: null,
      preStopSeconds: 0,
      terminationGracePeriodSeconds: 15,
      annotations: {},
    },
    service: { ports: [{ name: "cache", port: CACHE_PORT, target: "cache" }] },
    // Two servers behind one Service would each hold half of the blocks, so the old one goes first.
    rollout: { maxSurge: 0, maxUnavailable: 1, progressDeadlineSeconds: 1200 },
    disruption: null,
    apiAccess: [],
    files: {},
    claims: [],
    timeoutSeconds: 1200,
  };
}
