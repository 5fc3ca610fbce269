import { join } from "node:path";
import { withApi } from "./api.ts";
import { addFakeNodes, removeFakeNodes } from "./fake-nodes.ts";
import { addForward, listForwards, removeForward } from "./forward/client.ts";
import { API_TARGET } from "./forward/protocol.ts";
import { importImages, type Runtime } from "./images.ts";
import { layoutOf, nodeName, type Layout } from "./layout.ts";
import { enterCommand } from "./namespaces.ts";
import { changeState, requireState, type ClusterState } from "./state.ts";
import { ClusterError, type ClusterImage, type EmbeddedCluster, type Forward, type StepTime } from "./types.ts";

/** Name of the API server's own forward. */
export const API_FORWARD = "kubernetes-api";

/** The container runtime of a cluster whose namespaces exist. */
export function runtimeOf(state: ClusterState): Runtime {
  const { holder, environment } = state;
  if (holder === undefined) throw new ClusterError("The cluster's namespaces don't exist yet.");
  const ctr = join(state.systemPrograms, "ctr");
  return {
    ctr: (parameters) => inNamespaces(state, holder.pid, [ctr, ...parameters]),
    environment,
    snapshotter: state.snapshotter,
  };
}

function inNamespaces(state: ClusterState, holderPid: number, command: readonly string[]): readonly string[] {
  const [program = "", ...rest] = enterCommand(holderPid, command);
  return [join(state.systemPrograms, program), ...rest];
}

/** What a program does with a running cluster. */
export function clusterHandle(
  stateDir: string,
  state: ClusterState,
  facts: { readonly adopted: boolean; readonly timings: readonly StepTime[] },
): EmbeddedCluster {
  const layout = layoutOf(stateDir);
  return {
    ...facts,
    name: state.name,
    stateDir: layout.root,
    kubeconfig: layout.kubeconfig,
    apiServer: `https://127.0.0.1:${state.apiPort}`,
    nodeName: nodeName(state.name),
    forwards: async () => (await listForwards(layout.controlSocket)).filter(({ name }) => name !== API_FORWARD),
    addForward: (forward) => {
      refuseReserved(forward);
      return addForward(layout.controlSocket, forward);
    },
    removeForward: async (name) => {
      refuseReserved({ name, target: "", port: 0 });
      await removeForward(layout.controlSocket, name);
    },
    addFakeNodes: (nodes) => withApi(layout.kubeconfig, (api) => addFakeNodes(api, nodes)),
    removeFakeNodes: (names) => withApi(layout.kubeconfig, (api) => removeFakeNodes(api, names)),
    importImages: (images) => importMissing(layout, images),
    insideCommand: (command) => {
      if (state.holder === undefined) throw new ClusterError("The cluster's namespaces don't exist.");
      return inNamespaces(state, state.holder.pid, command);
    },
  };
}

/** Imports archives into a running cluster and records them. */
export async function importMissing(layout: Layout, images: readonly ClusterImage[]): Promise<void> {
  const state = requireState(layout.root);
  await importImages(runtimeOf(state), images, state.images, () => undefined);
  const added = Object.fromEntries(images.map(({ reference, path }) => [reference, path]));
  changeState(layout.root, ({ images }) => ({ images: { ...images, ...added } }));
}

/** The API server's forward carries the kubeconfig; nobody else may take its name or target. */
export function refuseReserved(forward: Forward): void {
  if (forward.name !== API_FORWARD && forward.target !== API_TARGET) return;
  throw new ClusterError(
    `forwards.${forward.name}: ${API_FORWARD} – reserved for the API server, which is always forwarded. Use the address in the kubeconfig.`,
  );
}
