import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { namespaceOf } from "../../planning/names.ts";
import { findLeftovers } from "../../rehearsal/cluster/leftovers.ts";
import { clusterStatus } from "../../rehearsal/cluster/status.ts";
import { stopCluster } from "../../rehearsal/cluster/stop.ts";
import { EngineBusyError } from "../../rehearsal/engine/errors.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { prepareTools } from "../../rehearsal/toolchain/toolchain.ts";
import { EXIT, UserError } from "../cli.ts";
import { grouped } from "../progress.ts";
import { destroy } from "./deploy.ts";
import { hastenPods } from "./hasten.ts";
import { FOLDERS } from "./options.ts";
import { passphraseOf } from "./passphrase.ts";
import { localProviders, ownEngine } from "./providers.ts";
import { hanging } from "./summary.ts";
import { readTarget, type Target } from "./target.ts";

/** What {@link stopEnvironment} needs to know. */
export interface StopOptions {
  readonly environment: string;
  /** The environment's state folder. */
  readonly state: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/**
 * Destroys the stack of an environment, then its embedded cluster if it has one, in whatever condition they are.
 * @throws if anything is left; the state folder stays, so that the command can be run again
 */
export async function stopEnvironment(options: StopOptions): Promise<void> {
  const target = readTarget(options.state);
  if (target === undefined) await stopEmbedded(options);
  else await stopOnContext(options, target);
  rmSync(options.state, { recursive: true, force: true });
}

async function stopEmbedded(options: StopOptions): Promise<void> {
  const { state, progress, signal } = options;
  const clusterState = join(state, FOLDERS.cluster);
  const status = await clusterStatus(clusterState);
  if (status.kind === "busy") {
    throw new UserError(`The cluster is being started or stopped by ${status.by}. Wait for it, or end it first.`, {
      exitCode: EXIT.no,
    });
  }
  if (status.kind === "running" && existsSync(join(state, FOLDERS.stack))) {
    await destroyEmbedded(options, status.cluster.kubeconfig);
  }
  signal.throwIfAborted();
  await stopCluster({ stateDir: clusterState, progress });
  const leftovers = findLeftovers(clusterState);
  if (leftovers.length > 0) {
    throw new UserError(`Still there: ${leftovers.join(", ")}. Run npm stop again.`, { exitCode: EXIT.no });
  }
}

async function destroyEmbedded(options: StopOptions, kubeconfig: string): Promise<void> {
  const { environment, progress, signal } = options;
  const done = new AbortController();
  const hastening = hastenPods(kubeconfig, namespaceOf(environment), AbortSignal.any([signal, done.signal]));
  try {
    const parts = grouped(progress, "Pulumi engine");
    const { pulumiRoot } = await prepareTools(["pulumi"], { progress: parts.progress, signal });
    await destroy({ ...deployment(options), pulumiRoot, kubeconfig, providers: localProviders() });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof EngineBusyError) throw error;
    // Whatever the stack has in the cluster goes with the cluster, so a stack that can't be destroyed keeps nothing alive.
    const reason = error instanceof Error ? error.message : String(error);
    for (const line of reason.split("\n")) process.stderr.write(`${hanging("  ! ", line)}\n`);
    process.stderr.write("  ! The stack can't be destroyed piece by piece; it goes with its cluster.\n");
  } finally {
    done.abort();
    await hastening;
  }
}

/** On a cluster of the user's nothing but the stack is removed, and its state is kept until it is. */
async function stopOnContext(options: StopOptions, target: Target): Promise<void> {
  // A start that was interrupted before the engine ran has made nothing.
  if (!existsSync(join(options.state, FOLDERS.stack))) return;
  const passphrase = passphraseOf(target.passphrase, options.environment);
  const engine = await ownEngine(options.progress, options.signal);
  const { kubeconfig, config } = target;
  await destroy({ ...deployment(options), ...engine, kubeconfig, config, passphrase });
}

function deployment({ environment, state, progress, signal }: StopOptions) {
  return { environment, stateDir: join(state, FOLDERS.stack), progress, signal };
}
