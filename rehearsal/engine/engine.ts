import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import {
  LocalWorkspace,
  PulumiCommand,
  Stack,
  type EngineEvent,
  type OutputMap,
  type PulumiFn,
} from "@pulumi/pulumi/automation/index.js";

import type { SimulatedProvider } from "../clouds/provider.ts";
import { serveProvider, type ServedProvider } from "../clouds/server.ts";
import { EngineError, messageOf } from "./errors.ts";
import { EventCollector, type Progress, type RunResult } from "./events.ts";
import { Interruption } from "./interruption.ts";
import { clearPendingOperations, removeStaleLocks } from "./recovery.ts";
import { backendFolder, readState, type StackState } from "./state.ts";
import { makeWorkspace, type WorkspaceSource } from "./workspace.ts";

/** What {@link withEngine} runs, where, and with what. */
export interface EngineOptions extends WorkspaceSource {
  /** Folder whose `bin/pulumi` is the engine. */
  readonly pulumiRoot: string;
  /** The program; what it returns are the outputs of the stack. */
  readonly program: PulumiFn;
  /**
   * Providers served from this process. With any of them the engine downloads no plugin and keeps to the state folder;
   * without one it uses the plugins of the user, and downloads what is missing.
   */
  readonly providers: readonly SimulatedProvider[];
  /** Folder for the state, kept between runs. @default a temporary one, removed at the end */
  readonly stateDir?: string;
  /** Secret settings by key, set encrypted. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Passphrase the secrets in the state are encrypted with. @default one for rehearsals, which protects nothing */
  readonly passphrase?: string;
  /** Environment variables of the engine. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told what happens, while it happens. */
  readonly onProgress?: (progress: Progress) => void;
  /** Asks the engine to stop: what is under way is finished or cut off, and the state stays correct. */
  readonly signal?: AbortSignal;
}

/** A stack with the engine at hand. Every operation throws {@link EngineError} with the engine's own message. */
export interface Engine {
  readonly stack: string;
  preview(): Promise<RunResult>;
  up(): Promise<RunResult>;
  /** Takes what really exists into the state: its steps are the drift. */
  refresh(): Promise<RunResult>;
  destroy(): Promise<RunResult>;
  /** Outputs of the last `up`. */
  outputs(): Promise<OutputMap>;
  /** The state as it is on disk. */
  exportState(): Promise<StackState>;
}

/**
 * Runs the real engine on a program in this process, with providers in this process, on a copy of one environment.
 * A run that was cut off is recognised: its lock and its pending operations are removed, and the next operation refreshes first.
 */
export async function withEngine<T>(options: EngineOptions, use: (engine: Engine) => Promise<T>): Promise<T> {
  const stateDir = options.stateDir ?? (await mkdtemp(path.join(tmpdir(), "vllm-stack-engine-")));
  const served: ServedProvider[] = [];
  try {
    const interruption = new Interruption(options.signal);
    for (const provider of options.providers) served.push(await serveProvider(provider, interruption.engineCancels));
    const stack = await openStack(options, stateDir, served);
    return await use(new RunningEngine(options, stateDir, stack, interruption.signal));
  } finally {
    await Promise.all(served.map((provider) => provider.close()));
    if (options.stateDir === undefined) await rm(stateDir, { recursive: true, force: true });
  }
}

async function openStack(options: EngineOptions, stateDir: string, served: readonly ServedProvider[]): Promise<Stack> {
  const backend = backendFolder(stateDir);
  await mkdir(backend, { recursive: true });
  try {
    const workspace = await LocalWorkspace.create({
      workDir: await makeWorkspace(options, path.join(stateDir, "workspace")),
      ...(served.length === 0 ? {} : { pulumiHome: path.join(stateDir, "home") }),
      pulumiCommand: await PulumiCommand.get({ root: options.pulumiRoot, skipVersionCheck: true }),
      program: options.program,
      envVars: {
        PULUMI_SKIP_UPDATE_CHECK: "true",
        ...(served.length === 0 ? {} : { PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true" }),
        PULUMI_BACKEND_URL: `file://${backend}`,
        PULUMI_CONFIG_PASSPHRASE: options.passphrase ?? "rehearsal",
        PULUMI_DEBUG_PROVIDERS: served.map(({ name, port }) => `${name}:${port}`).join(","),
        ...options.environment,
      },
    });
    const stack = await Stack.createOrSelect(options.stack, workspace);
    const secrets = Object.entries(options.secrets ?? {});
    if (secrets.length > 0) {
      await stack.setAllConfig(Object.fromEntries(secrets.map(([key, value]) => [key, { value, secret: true }])));
    }
    return stack;
  } catch (error) {
    throw new EngineError("open", `The stack ${options.stack} can't be opened: ${messageOf(error)}`);
  }
}

interface RunOptions {
  readonly onEvent: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
  readonly refresh?: boolean;
}

class RunningEngine implements Engine {
  readonly stack: string;
  readonly #options: EngineOptions;
  readonly #stateDir: string;
  readonly #stack: Stack;
  readonly #signal: AbortSignal;

  constructor(options: EngineOptions, stateDir: string, stack: Stack, signal: AbortSignal) {
    this.stack = options.stack;
    this.#options = options;
    this.#stateDir = stateDir;
    this.#stack = stack;
    this.#signal = signal;
  }

  async preview(): Promise<RunResult> {
    return await this.#run("preview", (options) => this.#stack.preview(options));
  }

  async up(): Promise<RunResult> {
    return await this.#run("up", (options) => this.#stack.up(options));
  }

  async refresh(): Promise<RunResult> {
    return await this.#run("refresh", ({ onEvent, signal }) => this.#stack.refresh({ onEvent, signal }));
  }

  async destroy(): Promise<RunResult> {
    return await this.#run("destroy", (options) => this.#stack.destroy(options));
  }

  async outputs(): Promise<OutputMap> {
    return await this.#stack.outputs();
  }

  async exportState(): Promise<StackState> {
    return await readState(this.#stateDir, this.stack);
  }

  async #run(operation: string, work: (options: RunOptions) => Promise<unknown>): Promise<RunResult> {
    const { onProgress = () => undefined, signal } = this.#options;
    // The Automation API starts the engine even so.
    if (signal?.aborted === true) throw new EngineError(operation, `The ${operation} was cancelled before it began.`);
    const events = new EventCollector(onProgress);
    const interrupted = await this.#recover(operation, onProgress);
    try {
      await work({
        onEvent: events.take,
        signal: this.#signal,
        ...(interrupted ? { refresh: true } : {}),
      });
      return events.result();
    } catch (error) {
      const { diagnostics, steps } = events.result();
      throw new EngineError(operation, events.errors() || messageOf(error), diagnostics, steps);
    }
  }

  /** Makes the stack usable after a run that was cut off. Says whether there was one. */
  async #recover(operation: string, onProgress: (progress: Progress) => void): Promise<boolean> {
    await removeStaleLocks(this.#stateDir, this.#stack);
    const { pendingOperations } = await this.exportState();
    if (pendingOperations.length === 0) return false;
    const list = pendingOperations.map(({ type, urn }) => `${type} ${urn.split("::").at(-1) ?? urn}`).join(", ");
    const message = `The last run was cut off while ${list}: what exists is looked up first.`;
    onProgress({ kind: "message", diagnostic: { severity: "info", message } });
    // A preview writes no state; the engine itself only warns about pending operations.
    if (operation !== "preview") await clearPendingOperations(this.#stateDir, this.#stack);
    return true;
  }
}
