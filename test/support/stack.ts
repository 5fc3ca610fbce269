import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { KubeConfig, CoreV1Api, AppsV1Api, NetworkingV1Api } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readEnvironment, readSettings } from "../../environments/schema/file.ts";
import { program } from "../../index.ts";
import { plan } from "../../planning/plan.ts";
import type { Plan } from "../../planning/types.ts";
import { findLeftovers } from "../../rehearsal/cluster/leftovers.ts";
import { startCluster } from "../../rehearsal/cluster/start.ts";
import { stopCluster } from "../../rehearsal/cluster/stop.ts";
import type { EmbeddedCluster } from "../../rehearsal/cluster/types.ts";
import { type Engine, withEngine } from "../../rehearsal/engine/engine.ts";
import type { ConfigValue } from "../../rehearsal/engine/workspace.ts";
import { prepareRehearsal, type Rehearsal } from "../../rehearsal/prepare.ts";
import { terminalProgress } from "../../rehearsal/progress.ts";
import { firstKey } from "../../tools/start/key.ts";
import { localProviders } from "../../tools/start/providers.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What a run of the engine does otherwise than the environment's file says. */
export interface Change {
  /** Settings laid over the file's. */
  readonly config?: Readonly<Record<string, ConfigValue>>;
  readonly program?: PulumiFn;
}

/** The local environment on an embedded cluster of its own, for one test file. */
export interface LocalStack {
  readonly plan: Plan;
  readonly cluster: EmbeddedCluster;
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly networking: NetworkingV1Api;
  /** OpenAI base URL on this machine, ending in `/v1`. */
  readonly endpoint: string;
  readonly prometheus: string;
  /** The API key; set by the first {@link LocalStack.up}. */
  key: string;
  run<T>(use: (engine: Engine) => Promise<T>, change?: Change): Promise<T>;
  /** `up`, which also notes the key. */
  up(change?: Change): ReturnType<Engine["up"]>;
  /** Ends the cluster; fails if anything is left. */
  close(): Promise<void>;
}

/** Starts the embedded cluster for the local environment; nothing is deployed yet. */
export async function openLocalStack(): Promise<LocalStack> {
  const rehearsal: Rehearsal = await prepareRehearsal({ progress: terminalProgress() });
  const file = readEnvironment("local");
  const planned = plan(file.name, file.environment);
  const state = await mkdtemp(join(tmpdir(), "vllm-local-"));
  const clusterState = join(state, "cluster");
  const cluster = await startCluster({
    name: planned.cluster.context ?? "local",
    tools: rehearsal.clusterTools,
    images: rehearsal.images,
    gpus: 8,
    nodeLabels: planned.pools[0]?.nodeSelector ?? {},
    stateDir: clusterState,
    forwards: [
      { name: "endpoint", target: `${planned.namespace}/front:8000`, port: 0 },
      { name: "prometheus", target: `${planned.namespace}/prometheus:9090`, port: 0 },
    ],
    progress: terminalProgress(),
  });
  const address = async (name: string) => {
    const forward = (await cluster.forwards()).find((candidate) => candidate.name === name);
    assert.ok(forward !== undefined);
    return `http://${forward.address}`;
  };
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const earlier = process.env.KUBECONFIG;
  process.env.KUBECONFIG = cluster.kubeconfig;
  const stack: LocalStack = {
    plan: planned,
    cluster,
    core: config.makeApiClient(CoreV1Api),
    apps: config.makeApiClient(AppsV1Api),
    networking: config.makeApiClient(NetworkingV1Api),
    endpoint: `${await address("endpoint")}/v1`,
    prometheus: await address("prometheus"),
    key: "",
    run: (use, change = {}) =>
      withEngine(
        {
          pulumiRoot: rehearsal.toolchain.pulumiRoot,
          projectDir: ROOT,
          stack: "local",
          program: change.program ?? program,
          providers: localProviders(),
          stateDir: join(state, "stack"),
          ...(change.config === undefined ? {} : { config: change.config }),
        },
        use,
      ),
    up: (change) =>
      stack.run(async (engine) => {
        const result = await engine.up();
        stack.key = firstKey(await engine.outputs()) ?? "";
        return result;
      }, change),
    close: async () => {
      await stopCluster({ stateDir: clusterState });
      assert.deepEqual(findLeftovers(clusterState), []);
      await rm(state, { recursive: true, force: true });
      if (earlier === undefined) delete process.env.KUBECONFIG;
      else process.env.KUBECONFIG = earlier;
    },
  };
  return stack;
}

/** The models of the local environment as they are written, for changing one of them. */
export function localModels(): Record<string, ConfigValue>[] {
  return readSettings(join(ROOT, "environments/Pulumi.local.yaml")).models as Record<string, ConfigValue>[];
}
