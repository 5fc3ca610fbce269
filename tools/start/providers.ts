import { spawnSync } from "node:child_process";
import { delimiter, dirname } from "node:path";
import type { SimulatedProvider } from "../../rehearsal/clouds/provider.ts";
import { kubernetesVersion } from "../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../rehearsal/clouds/random.ts";
import { kubernetesStandIn } from "../../rehearsal/kubernetes-provider/provider.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { prepareTools } from "../../rehearsal/toolchain/toolchain.ts";
import { findExecutable } from "./executable.ts";

/** An engine and the providers it is given; those it isn't given it has as plugins. */
export interface EngineChoice {
  readonly pulumiRoot: string;
  readonly providers: readonly SimulatedProvider[];
  /** Which kubernetes provider that is, for people. */
  readonly kubernetes: string;
}

/** The providers of the embedded cluster: served by this process, so that nothing has to be downloaded. */
export function localProviders(): SimulatedProvider[] {
  return [kubernetesStandIn(), simulatedRandom()];
}

/** How long the published plugin's download may take. */
const DOWNLOAD_MS = 120_000;

/**
 * The engine for a cluster of the user's: their own Pulumi with the published plugins where both can be had, else the
 * engine built here with the providers of this project.
 */
export async function ownEngine(progress: Progress, signal: AbortSignal): Promise<EngineChoice> {
  const pulumi = findExecutable("pulumi", (process.env.PATH ?? "").split(delimiter));
  if (pulumi !== undefined) {
    const version = kubernetesVersion();
    const step = progress.step("published kubernetes plugin", version);
    const install = spawnSync(pulumi, ["plugin", "install", "resource", "kubernetes", version], {
      encoding: "utf8",
      timeout: DOWNLOAD_MS,
    });
    if (install.status === 0) {
      step.done(version);
      return { pulumiRoot: dirname(dirname(pulumi)), providers: [], kubernetes: `published plugin ${version}` };
    }
    step.done("can't be downloaded, the stand-in is used");
  }
  const { pulumiRoot } = await prepareTools(["pulumi"], { progress, signal });
  return {
    pulumiRoot,
    providers: localProviders(),
    kubernetes: "stand-in of this project (no Pulumi with the published plugin was found)",
  };
}
