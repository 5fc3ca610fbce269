import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { KubeConfig, KubernetesObjectApi, PatchStrategy, type KubernetesObject } from "@kubernetes/client-node";
import { startCluster } from "../../../../rehearsal/cluster/start.ts";
import { stopCluster } from "../../../../rehearsal/cluster/stop.ts";
import { clusterTools } from "../../../../rehearsal/cluster/tools.ts";
import { prepareImages, toolsOf } from "../../../../rehearsal/images/images.ts";
import { silentProgress, terminalProgress } from "../../../../rehearsal/progress.ts";
import { prepareTools } from "../../../../rehearsal/toolchain/toolchain.ts";

const IMAGES = ["pause", "inference-sim"] as const;

/** An embedded cluster for the tests of the stand-in, and what people do to it by hand. */
export interface TestCluster {
  /** Content of its kubeconfig. */
  readonly kubeconfig: string;
  /** A folder that goes with the cluster. */
  temporaryFolder(name: string): string;
  /** The object as it is, or `undefined`. */
  find(object: Reference): Promise<KubernetesObject | undefined>;
  create(object: KubernetesObject): Promise<void>;
  /** Changes fields as `kubectl edit` would. */
  change(object: Reference, fields: Readonly<Record<string, unknown>>): Promise<void>;
  remove(object: Reference): Promise<void>;
  close(): Promise<void>;
}

/** Names an object. */
export interface Reference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

let opened: Promise<TestCluster> | undefined;

/** The cluster all tests of a run share; it is ended after the last of them. */
export async function sharedCluster(): Promise<TestCluster> {
  opened ??= openCluster();
  return await opened;
}

after(async function () {
  this.timeout(60_000);
  // A cluster that didn't start has been cleaned up already.
  const cluster = await opened?.catch(() => undefined);
  await cluster?.close();
});

/** Starts a cluster with the images the tests need. */
async function openCluster(): Promise<TestCluster> {
  const progress = terminalProgress();
  const tools = ["node", "kubernetes", "kwok", "coredns"] as const;
  const toolchain = await prepareTools([...new Set([...tools, ...toolsOf(IMAGES)])], { progress });
  const folder = await mkdtemp(path.join(tmpdir(), "vllm-stack-test-"));
  const stateDir = path.join(folder, "cluster");
  const close = async () => {
    await stopCluster({ stateDir, progress: silentProgress });
    await rm(folder, { recursive: true, force: true });
  };
  const images = await prepareImages(IMAGES, { toolchain, progress });
  const options = { name: "stand-in", tools: clusterTools(toolchain), images, gpus: 8, stateDir, forwards: [] };
  const cluster = await startCluster({ ...options, progress: silentProgress }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  return {
    kubeconfig: config.exportConfig(),
    temporaryFolder: (name) => path.join(folder, name),
    find: async (object) => {
      try {
        return await api.read(object);
      } catch (error) {
        if (typeof error === "object" && error !== null && "code" in error && error.code === 404) return undefined;
        throw error;
      }
    },
    create: async (object) => {
      await api.create(object);
    },
    change: async (object, fields) => {
      const changed = { ...object, ...fields };
      await api.patch(changed, undefined, undefined, "kubectl-edit", undefined, PatchStrategy.MergePatch);
    },
    remove: async (object) => {
      await api.delete(object);
    },
    close,
  };
}
