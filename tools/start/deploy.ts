import type { OutputMap } from "@pulumi/pulumi/automation/index.js";
import type { SimulatedProvider } from "../../rehearsal/clouds/provider.ts";
import { type Engine, withEngine } from "../../rehearsal/engine/engine.ts";
import {
  changedSteps,
  describe,
  type Progress as EngineProgress,
  type RunResult,
} from "../../rehearsal/engine/events.ts";
import type { ConfigValue } from "../../rehearsal/engine/workspace.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import { ROOT } from "./options.ts";
import { LOCAL_PASSPHRASE } from "./passphrase.ts";
import { hanging } from "./summary.ts";

/** A stack, its state and the engine that runs it. */
export interface Deployment {
  readonly environment: string;
  /** The environment's file; not needed to destroy a stack. */
  readonly file?: string;
  readonly pulumiRoot: string;
  readonly providers: readonly SimulatedProvider[];
  /** Folder of the stack's state, kept until the stack is destroyed. */
  readonly stateDir: string;
  readonly kubeconfig: string;
  /** Settings laid over the environment's. */
  readonly config?: Readonly<Record<string, ConfigValue>>;
  /** Of the secrets in the environment's file and in the state. @default {@link LOCAL_PASSPHRASE} */
  readonly passphrase?: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Previews and applies the program, with live progress. */
export async function deploy(deployment: Deployment): Promise<OutputMap> {
  return await withStack(deployment, async (engine, report) => {
    await report("preview", () => engine.preview());
    await report("up", () => engine.up());
    return await engine.outputs();
  });
}

/** Destroys the stack, with live progress. */
export async function destroy(deployment: Deployment): Promise<void> {
  await withStack(deployment, async (engine, report) => {
    await report("destroy", () => engine.destroy());
  });
}

type Report = (title: string, work: () => Promise<RunResult>) => Promise<RunResult>;

async function withStack<T>(deployment: Deployment, use: (engine: Engine, report: Report) => Promise<T>): Promise<T> {
  // The program reads the local kubeconfig while it plans, and the provider when it connects.
  process.env.KUBECONFIG = deployment.kubeconfig;
  let listener: (progress: EngineProgress) => void = () => undefined;
  const report: Report = async (title, work) => {
    const step = deployment.progress.step(title);
    listener = (progress) => {
      const text = statusOf(progress);
      if (text !== undefined) step.update(text);
    };
    try {
      const result = await work();
      step.done(countsOf(result));
      for (const { severity, message } of result.diagnostics) {
        if (severity === "warning" && title === "preview") process.stderr.write(`${hanging("  ! ", message)}\n`);
      }
      return result;
    } catch (error) {
      step.fail(deployment.signal.aborted ? "cancelled" : "see below");
      throw error;
    }
  };
  return await withEngine(
    {
      pulumiRoot: deployment.pulumiRoot,
      projectDir: ROOT,
      stack: deployment.environment,
      ...(deployment.file === undefined ? {} : { file: deployment.file }),
      // Loaded when it is run: destroying needs no program.
      program: async () => (await import("../../index.ts")).program(),
      providers: deployment.providers,
      stateDir: deployment.stateDir,
      passphrase: deployment.passphrase ?? LOCAL_PASSPHRASE,
      environment: { KUBECONFIG: deployment.kubeconfig },
      ...(deployment.config === undefined ? {} : { config: deployment.config }),
      onProgress: (progress) => {
        listener(progress);
      },
      signal: deployment.signal,
    },
    (engine) => use(engine, report),
  );
}

function statusOf(progress: EngineProgress): string | undefined {
  if (progress.kind === "status") return `${describe(progress.urn)}: ${progress.message}`;
  if (progress.kind === "started" && progress.step.operation !== "same") {
    return `${progress.step.operation} ${describe(progress.step.urn)}`;
  }
  return undefined;
}

function countsOf(result: RunResult): string {
  const counts = Object.entries(result.changes).filter(([operation, count]) => operation !== "same" && count > 0);
  if (counts.length === 0 || changedSteps(result).length === 0) return "no change";
  return counts.map(([operation, count]) => `${count} to ${operation}`).join(", ");
}
