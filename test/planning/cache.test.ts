import assert from "node:assert/strict";
import { checkLmcacheSettings } from "../../catalog/lmcache.ts";
import type { EnvironmentInput } from "../../environments/schema/environment.ts";
import { formatProblem } from "../../environments/schema/problems.ts";
import { CACHE_PORT, checkCacheServers, planCacheServer } from "../../planning/cache.ts";
import { argument, engineOf, environmentOf, planFirst, SMALL, variable, withModel } from "./support/environments.ts";

type Lmcache = Extract<NonNullable<EnvironmentInput["cache"]>, { kind: "lmcache" }>;

const TIERS: Lmcache = {
  kind: "lmcache",
  cpu: { sizeGiBPerGpu: 40 },
  disk: { sizeGiBPerGpu: 100 },
  server: { sizeGiB: 64 },
};

function lmcacheOf(cache: Lmcache, model: Parameters<typeof withModel>[0] = {}) {
  const engine = engineOf(withModel({ ...model, cache }));
  const settings = engine.workload.pod.env.flatMap((entry) =>
    entry.name.startsWith("LMCACHE_") && "value" in entry ? [[entry.name, entry.value] as const] : [],
  );
  return { engine, settings: Object.fromEntries(settings) };
}

describe("LMCache in an engine", () => {
  it("is the in-process connector with both roles, and computes what it can't fetch", () => {
    const { engine } = lmcacheOf(TIERS);
    assert.deepEqual(JSON.parse(argument(engine, "--kv-transfer-config") ?? ""), {
      kv_connector: "LMCacheConnectorV1",
      kv_role: "kv_both",
      kv_load_failure_policy: "recompute",
    });
  });

  it("has its tiers as variables, with the same hash seed in every engine", () => {
    const { engine, settings } = lmcacheOf(TIERS);
    assert.deepEqual(settings, {
      LMCACHE_CHUNK_SIZE: "256",
      LMCACHE_LOCAL_CPU: "true",
      LMCACHE_MAX_LOCAL_CPU_SIZE: "40",
      LMCACHE_LOCAL_DISK: "/cache/lmcache",
      LMCACHE_MAX_LOCAL_DISK_SIZE: "100",
      LMCACHE_REMOTE_URL: "lm://cache.vllm-test.svc.cluster.local:65432",
      LMCACHE_REMOTE_SERDE: "naive",
    });
    assert.equal(variable(engine, "PYTHONHASHSEED"), "0");
  });

  it("writes only settings LMCache knows, in a form it reads", () => {
    const tiers: readonly Lmcache[] = [
      TIERS,
      { kind: "lmcache", disk: { sizeGiBPerGpu: 10 } },
      { kind: "lmcache", server: { sizeGiB: 10 }, chunkSize: 512 },
      { kind: "lmcache", cpu: { sizeGiBPerGpu: 0.5 } },
    ];
    for (const cache of tiers) {
      const entries = Object.entries(lmcacheOf(cache).settings);
      const settings = entries.map(([name, value]) => [name.slice("LMCACHE_".length).toLowerCase(), value] as const);
      assert.deepEqual(checkLmcacheSettings(Object.fromEntries(settings), "0.5.5"), []);
    }
  });

  it("keeps none in memory without a CPU tier, but needs memory to move blocks through", () => {
    const { engine, settings } = lmcacheOf(
      { kind: "lmcache", disk: { sizeGiBPerGpu: 10 } },
      { resources: { memory: "32Gi" } },
    );
    assert.equal(settings.LMCACHE_LOCAL_CPU, "false");
    assert.equal(settings.LMCACHE_MAX_LOCAL_CPU_SIZE, "5");
    assert.equal(engine.workload.pod.resources.limits.memory, "39Gi");
  });

  it("takes its memory and disk once per GPU, beside what the engine needs", () => {
    const model = { tensorParallel: 4, resources: { memory: "64Gi" } };
    const { engine } = lmcacheOf(TIERS, model);
    const plain = engineOf(withModel(model)).workload.pod;
    const { pod } = engine.workload;
    assert.equal(pod.resources.limits.memory, `${64 + 8 + 4 * 40}Gi`);
    assert.deepEqual(pod.mounts.find(({ name }) => name === "lmcache-disk")?.source, {
      kind: "emptyDir",
      sizeLimit: "440Gi",
    });
    const disk = (value = "0Gi") => Number.parseInt(value, 10);
    assert.equal(
      disk(pod.resources.limits["ephemeral-storage"]) - disk(plain.resources.limits["ephemeral-storage"]),
      440,
    );
  });

  it("says how many tokens its memory holds: 144 KiB a token on one GPU for this model, half on each of two", () => {
    assert.equal(lmcacheOf(TIERS).engine.cache?.cpuTokens, Math.floor((40 * 2 ** 30) / (144 * 1024)));
    assert.equal(
      lmcacheOf(TIERS, { tensorParallel: 2 }).engine.cache?.cpuTokens,
      Math.floor((40 * 2 ** 30) / (72 * 1024)),
    );
  });

  it("costs models with a sliding window their advantage: every layer keeps every token", () => {
    const model = { model: "openai/gpt-oss-20b", maxModelLength: 32_768 };
    const plain = engineOf(withModel(model));
    const cached = lmcacheOf(TIERS, model).engine;
    assert.ok((cached.fit?.figures?.kvTokens ?? 0) < (plain.fit?.figures?.kvTokens ?? 0));
    assert.ok(cached.workload.pod.command?.includes("--disable-hybrid-kv-cache-manager"));
    assert.ok(!plain.workload.pod.command?.includes("--disable-hybrid-kv-cache-manager"));
  });

  const mistakes: readonly (readonly [string, Parameters<typeof withModel>, RegExp])[] = [
    [
      "on a simulated engine, where it would do nothing",
      [{ runtime: "simulator" }, { cache: TIERS }],
      /^cache\.kind: lmcache – needs NVIDIA GPUs, and small has runtime simulator\. Set models\[0\]\.cache to \{ kind: none \}\.$/,
    ],
    ["on a CPU engine", [{ runtime: "cpu", cache: TIERS }], /^models\[0\]\.cache\.kind: lmcache – needs NVIDIA GPUs/],
    [
      "that keeps nothing",
      [{ cache: { kind: "lmcache" } }],
      /^models\[0\]\.cache: – keeps nothing\. Give it cpu, disk or server/,
    ],
    [
      "in chunks that aren't whole blocks",
      [{ cache: { ...TIERS, chunkSize: 100 } }],
      /^models\[0\]\.cache\.chunkSize: 100 – must be a multiple of 16/,
    ],
  ];
  for (const [title, settings, says] of mistakes) {
    it(`is refused ${title}`, () => {
      const lines = planFirst(withModel(...settings)).problems.map(formatProblem);
      assert.equal(lines.filter((line) => says.test(line)).length, 1, lines.join("\n"));
    });
  }

  it("can be switched off for one model", () => {
    const environment = withModel({ runtime: "simulator", cache: { kind: "none" } }, { cache: TIERS });
    assert.deepEqual(planFirst(environment).problems, []);
  });
});

describe("the shared LMCache server", () => {
  it("is not there unless an engine uses it", () => {
    assert.equal(planCacheServer("test", environmentOf()), null);
    assert.equal(
      planCacheServer("test", environmentOf({ cache: { kind: "lmcache", cpu: { sizeGiBPerGpu: 1 } } })),
      null,
    );
  });

  it("is bounded by its memory limit, because it evicts nothing, and starts empty after it", () => {
    const server = planCacheServer("test", environmentOf({ cache: TIERS }));
    assert.ok(server);
    assert.deepEqual(server.pod.resources, { requests: { cpu: "1", memory: "66Gi" }, limits: { memory: "66Gi" } });
    assert.deepEqual(server.pod.command, ["lmcache_server", "0.0.0.0", String(CACHE_PORT), "cpu"]);
  });

  it("is one pod that goes before the next comes, so that blocks are not divided", () => {
    const server = planCacheServer("test", environmentOf({ cache: TIERS }));
    assert.equal(server?.replicas, 1);
    assert.deepEqual([server.rollout.maxSurge, server.rollout.maxUnavailable], [0, 1]);
  });

  it("is probed by TCP, because it speaks no HTTP", () => {
    const server = planCacheServer("test", environmentOf({ cache: TIERS }));
    assert.ok(server);
    const { startup, readiness, liveness } = server.pod.probes;
    for (const probe of [startup, readiness, liveness]) {
      assert.deepEqual(probe?.tcp, { port: "cache" });
    }
  });

  it("is where engines look for it", () => {
    const server = planCacheServer("test", environmentOf({ cache: TIERS }));
    assert.equal(
      lmcacheOf(TIERS).engine.cache?.server,
      `${server?.name ?? ""}.vllm-test.svc.cluster.local:${CACHE_PORT}`,
    );
    assert.deepEqual(server?.service?.ports, [{ name: "cache", port: CACHE_PORT, target: "cache" }]);
  });

  it("has one size, whichever models ask for it", () => {
    const models = [
      { ...SMALL, cache: TIERS },
      { ...SMALL, name: "b", servedName: "b", cache: { ...TIERS, server: { sizeGiB: 32 } } },
    ];
    const [problem] = checkCacheServers(environmentOf({ models })).problems;
    assert.ok(problem);
    assert.match(
      formatProblem(problem),
      /^models\[1\]\.cache\.server\.sizeGiB: 32 – differs from models\[0\]\.cache\.server\.sizeGiB/,
    );
  });
});
