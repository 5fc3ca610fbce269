import { execFile } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { promisify } from "node:util";
import type { SimulatedProvider } from "../../rehearsal/clouds/provider.ts";
import { kubernetesVersion } from "../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../rehearsal/clouds/random.ts";
import { kubernetesStandIn } from "../../rehearsal/kubernetes-provider/provider.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { prepareTools, toolProblems } from "../../rehearsal/toolchain/toolchain.ts";
import { EXIT, UserError } from "../cli.ts";
import { grouped } from "../progress.ts";
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
 *
 * @throws {@link UserError} where there is neither Pulumi nor a Go to build the engine with
 */
export async function ownEngine(progress: Progress, signal: AbortSignal): Promise<EngineChoice> {
  const pulumi = findExecutable("pulumi", (process.env.PATH ?? "").split(delimiter));
  if (pulumi !== undefined) {
    const version = kubernetesVersion();
    const step = progress.step("published kubernetes plugin", version);
    if (await installed(pulumi, version, signal)) {
      step.done(version);
      return { pulumiRoot: dirname(dirname(pulumi)), providers: [], kubernetes: `the published plugin ${version}` };
    }
    step.done("can't be downloaded, the stand-in is used");
  }
  const problems = await toolProblems(["pulumi"]);
  if (problems.length > 0) {
    const remedy = "Or install the Pulumi CLI, which is used as it is: https://www.pulumi.com/docs/install/";
    throw new UserError([...problems, remedy].join("\n"), { exitCode: EXIT.no });
  }
  const parts = grouped(progress, "Pulumi engine");
  const { pulumiRoot } = await prepareTools(["pulumi"], { progress: parts.progress, signal });
  parts.end();
  const why = pulumi === undefined ? "no Pulumi CLI is installed" : "the published plugin can't be downloaded";
  return { pulumiRoot, providers: localProviders(), kubernetes: `the stand-in of this project, because ${why}` };
}

async function installed(pulumi: string, version: string, signal: AbortSignal): Promise<boolean> {
  const install = ["plugin", "install", "resource", "kubernetes", version];
  try {
    await promisify(execFile)(pulumi, install, { timeout: DOWNLOAD_MS, signal });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
