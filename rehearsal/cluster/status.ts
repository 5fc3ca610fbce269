import { setTimeout as sleep } from "node:timers/promises";
import { withApi } from "./api.ts";
import { API_FORWARD, clusterHandle } from "./handle.ts";
import { layoutOf } from "./layout.ts";
import { findLeftovers } from "./leftovers.ts";
import { lockHolder } from "./lock.ts";
import { nodeProblem, readDesiredNode } from "./node.ts";
import { bootId, describeProcess, isAlive } from "./processes.ts";
import { listForwards } from "./forward/client.ts";
import { readState, type ClusterState } from "./state.ts";
import type { ActiveForward, EmbeddedCluster } from "./types.ts";

/** In what condition a cluster is. */
export type ClusterStatus =
  | { readonly kind: "absent" }
  /** A live process is starting or stopping it. */
  | { readonly kind: "busy"; readonly by: string }
  | {
      readonly kind: "running";
      readonly state: ClusterState;
      readonly cluster: EmbeddedCluster;
      readonly forwards: readonly ActiveForward[];
    }
  /** Some of it runs or is left; each problem in a few words. */
  | { readonly kind: "broken"; readonly problems: readonly string[] };

/** Finds out in what condition the cluster in a state folder is, by looking at its processes and asking its API server. */
export async function clusterStatus(stateDir: string): Promise<ClusterStatus> {
  const layout = layoutOf(stateDir);
  const holder = lockHolder(layout.lockFile);
  if (holder !== undefined && holder.pid !== process.pid) return { kind: "busy", by: describeProcess(holder) };
  return inspect(stateDir);
}

/**
 * {@link clusterStatus} for whoever holds the lock.
 * @param patienceMs how long a cluster all of whose daemons run may take to answer well: a loaded machine is not a broken one
 */
export async function inspect(stateDir: string, patienceMs = 0): Promise<Exclude<ClusterStatus, { kind: "busy" }>> {
  const state = readState(stateDir);
  if (state === undefined) {
    const leftovers = findLeftovers(stateDir);
    return leftovers.length === 0 ? { kind: "absent" } : { kind: "broken", problems: leftovers };
  }
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const recorded = recordedProblems(state);
    if (recorded.length > 0) return { kind: "broken", problems: recorded };
    const found = await ask(stateDir, state);
    if (found.kind === "running" || Date.now() > deadline) return found;
    await sleep(500);
  }
}

async function ask(
  stateDir: string,
  state: ClusterState,
): Promise<Extract<ClusterStatus, { kind: "running" | "broken" }>> {
  const layout = layoutOf(stateDir);
  const broken = (problem: string) => ({ kind: "broken", problems: [problem] }) as const;
  try {
    return await withApi(layout.kubeconfig, async (api) => {
      const ready = await api.get("/readyz");
      if (ready.status !== 200) return broken(`the API server is not ready (${ready.status})`);
      const node = await nodeProblem(api, readDesiredNode(layout));
      if (node !== undefined) return broken(`the node is not ready: ${node}`);
      const forwards = (await listForwards(layout.controlSocket)).filter(({ name }) => name !== API_FORWARD);
      const cluster = clusterHandle(stateDir, state, { adopted: true, timings: [] });
      return { kind: "running", state, cluster, forwards } as const;
    });
  } catch (error) {
    return broken(`the API server does not answer (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** What the records and the process table say, without asking anybody. */
function recordedProblems(state: ClusterState): readonly string[] {
  if (state.bootId !== bootId()) return ["the machine was restarted since it was started"];
  if (state.phase === "starting") return ["its start was interrupted"];
  if (state.phase === "stopping") return ["its stop was interrupted"];
  const holder = state.holder === undefined || !isAlive(state.holder) ? ["its namespaces are gone"] : [];
  const ended = Object.entries(state.daemons)
    .filter(([, identity]) => !isAlive(identity))
    .map(([name]) => `${name} has ended`);
  return [...holder, ...ended];
}
