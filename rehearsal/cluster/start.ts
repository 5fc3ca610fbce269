import { createHash } from "node:crypto";
import { addForward, removeForward } from "./forward/client.ts";
import { clusterHandle, importMissing, refuseReserved } from "./handle.ts";
import { checkHost, checkTools } from "./host.ts";
import { sandboxImage } from "./images.ts";
import { bringUp } from "./bring-up.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { withLock } from "./lock.ts";
import { nodeProblem, writeDesiredNode } from "./node.ts";
import { inspect, type ClusterStatus } from "./status.ts";
import { cleanUp } from "./stop.ts";
import type { Progress, Step } from "../progress.ts";
import { withApi } from "./api.ts";
import { until } from "./wait.ts";
import { ClusterError, type ClusterTools, type EmbeddedCluster, type StartOptions } from "./types.ts";

/** The keeper needs a second, the kubelet two. */
const NODE_TIMEOUT_MS = 30_000;
/** A running cluster is not thrown away because it is busy. */
const PATIENCE_MS = 15_000;
/** Part of host names and certificates. */
const NAME_PATTERN = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/;

/**
 * Starts an embedded Kubernetes cluster with one real node, or adopts the healthy one that runs in the same state folder:
 * missing images and forwards are then added, forwards that are not asked for any more are closed. One that is damaged, or
 * was started from other tools, is removed and started anew, and the progress says why.
 *
 * The daemons outlive the calling process. If the start fails or is aborted, everything but the logs is removed.
 * @throws ClusterError that names what is wrong and what to do
 */
export async function startCluster(options: StartOptions): Promise<EmbeddedCluster> {
  checkOptions(options);
  const layout = layoutOf(options.stateDir);
  return withLock(layout.lockFile, async () => {
    const adopted = await reported(options.progress, (step) => adoptOrRemove(options, layout, step));
    return adopted ?? startNew(options, layout);
  });
}

async function reported<T>(progress: Progress, work: (step: Step) => Promise<T>): Promise<T> {
  const step = progress.step("look for a running cluster");
  try {
    return await work(step);
  } catch (error) {
    step.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
    throw error;
  }
}

async function adoptOrRemove(options: StartOptions, layout: Layout, step: Step): Promise<EmbeddedCluster | undefined> {
  const found = await inspect(options.stateDir, PATIENCE_MS);
  if (found.kind === "absent") {
    step.done("none");
    return undefined;
  }
  const reason = restartReason(found, options);
  if (found.kind === "running" && reason === undefined) {
    const cluster = await adopt(found, options, layout);
    step.done("it runs, and is used");
    return cluster;
  }
  step.update(`removing the old one: ${reason ?? "unknown"}`);
  await cleanUp(layout);
  step.done(`removed the old one: ${reason ?? "unknown"}`);
  return undefined;
}

function checkOptions(options: StartOptions): void {
  // Of a machine that can't run a cluster, nothing else is worth saying.
  const host = checkHost().map(({ message }) => message);
  if (host.length > 0) throw new ClusterError(host.join("\n"));
  const problems = checkTools(options.tools, options.stateDir).map(({ message }) => message);
  if (!NAME_PATTERN.test(options.name)) {
    problems.push(
      `name: ${options.name} – not a name for a cluster. Use up to 32 lower-case letters, digits and dashes.`,
    );
  }
  if (!Number.isInteger(options.gpus) || options.gpus < 0) {
    problems.push(`gpus: ${options.gpus} – not a number of GPUs. Give a whole number, 0 for none.`);
  }
  const names = options.forwards.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push(`forwards: ${twice} – given twice. Give every forward a name of its own.`);
  if (problems.length > 0) throw new ClusterError(problems.join("\n"));
  sandboxImage(options.images);
  options.forwards.forEach(refuseReserved);
}

function restartReason(found: Exclude<ClusterStatus, { kind: "busy" }>, options: StartOptions): string | undefined {
  if (found.kind === "absent") return undefined;
  if (found.kind === "broken") return found.problems.join(", ");
  const { state } = found;
  if (state.name !== options.name) return `it is named ${state.name}`;
  if (state.toolsDigest !== digestTools(options.tools)) return "it runs other versions of the tools";
  const apiPort = options.apiPort ?? 0;
  if (apiPort !== 0 && apiPort !== state.apiPort) return `its API server is at port ${state.apiPort}`;
  return undefined;
}

async function adopt(
  found: Extract<ClusterStatus, { kind: "running" }>,
  options: StartOptions,
  layout: Layout,
): Promise<EmbeddedCluster> {
  const { cluster } = found;
  await importMissing(layout, options.images);
  const wanted = new Set(options.forwards.map(({ name }) => name));
  for (const { name } of await cluster.forwards()) {
    if (!wanted.has(name)) await removeForward(layout.controlSocket, name);
  }
  for (const forward of options.forwards) await addForward(layout.controlSocket, forward);
  // The keeper reads it every second and brings the node there.
  const desired = { name: cluster.nodeName, gpus: options.gpus, labels: options.nodeLabels ?? {} };
  writeDesiredNode(layout, desired);
  await withApi(layout.kubeconfig, (api) =>
    until({ what: `the node ${desired.name}`, timeoutMs: NODE_TIMEOUT_MS, problem: () => nodeProblem(api, desired) }),
  );
  return cluster;
}

async function startNew(options: StartOptions, layout: Layout): Promise<EmbeddedCluster> {
  try {
    const { state, timings } = await bringUp(options, layout, digestTools(options.tools));
    return clusterHandle(options.stateDir, state, { adopted: false, timings });
  } catch (error) {
    await cleanUp(layout);
    throw error;
  }
}

/** Tools of other versions lie elsewhere, so their paths stand for them. */
function digestTools(tools: ClusterTools): string {
  const entries = Object.entries(tools).sort(([a], [b]) => a.localeCompare(b));
  return createHash("sha256").update(JSON.stringify(entries)).digest("hex");
}
