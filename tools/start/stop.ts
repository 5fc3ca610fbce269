import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findLeftovers } from "../../rehearsal/cluster/leftovers.ts";
import { clusterStatus } from "../../rehearsal/cluster/status.ts";
import { stopCluster } from "../../rehearsal/cluster/stop.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { prepareTools } from "../../rehearsal/toolchain/toolchain.ts";
import { UserError } from "../cli.ts";
import { destroy } from "./deploy.ts";
import { interruptible } from "./interrupt.ts";
import { readTarget, TARGET_FILE } from "./own-cluster.ts";
import { FOLDERS } from "./embedded.ts";
import { localProviders, ownEngine } from "./providers.ts";

/** Destroys the stack of an environment, then its embedded cluster if it has one; ends with a proof that nothing is left. */
export async function stopEnvironment(environment: string, state: string, progress: Progress): Promise<number> {
  return await interruptible(`npm stop -- --environment ${environment}`, async (signal) => {
    const stop = existsSync(join(state, TARGET_FILE)) ? stopOnContext : stopEmbedded;
    await stop({ environment, state, progress, signal });
    rmSync(state, { recursive: true, force: true });
    process.stdout.write(`Nothing of ${environment} is left.\n`);
    return 0;
  });
}

interface Stop {
  readonly environment: string;
  readonly state: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function stopEmbedded(stop: Stop): Promise<void> {
  const { state, progress, signal } = stop;
  const clusterState = join(state, FOLDERS.cluster);
  const status = await clusterStatus(clusterState);
  if (status.kind === "busy") {
    throw new UserError(
      `The cluster is being changed by ${status.by}. Wait until it is done, or end that process first.`,
    );
  }
  if (status.kind === "running" && existsSync(join(state, FOLDERS.stack))) {
    const { pulumiRoot } = await prepareTools(["pulumi"], { progress, signal });
    try {
      await destroy({
        ...deployment(stop),
        pulumiRoot,
        kubeconfig: status.cluster.kubeconfig,
        providers: localProviders(),
      });
    } catch (error) {
      signal.throwIfAborted();
      // Whatever the stack has in the cluster goes with the cluster, so a stack that can't be destroyed keeps nothing alive.
      process.stderr.write(
        `  ! ${error instanceof Error ? error.message : String(error)}\n  ! the cluster is removed as a whole\n`,
      );
    }
  }
  await stopCluster({ stateDir: clusterState, progress });
  const leftovers = findLeftovers(clusterState);
  if (leftovers.length > 0) throw new UserError(`Still there: ${leftovers.join(", ")}. Run npm stop again.`);
}

/** On a cluster of the user's nothing but the stack is removed, and its state is kept until it is. */
async function stopOnContext(stop: Stop): Promise<void> {
  const target = readTarget(stop.state);
  const engine = await ownEngine(stop.progress, stop.signal);
  await destroy({ ...deployment(stop), ...engine, kubeconfig: target.kubeconfig, config: target.config });
}

function deployment({ environment, state, progress, signal }: Stop) {
  return { environment, stateDir: join(state, FOLDERS.stack), progress, signal };
}
