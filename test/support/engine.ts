import assert from "node:assert/strict";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import type { SimulatedProvider } from "../../rehearsal/clouds/provider.ts";
import { type Engine, type EngineOptions, withEngine } from "../../rehearsal/engine/engine.ts";
import { changedSteps, type RunResult } from "../../rehearsal/engine/events.ts";
import { pulumiRoot } from "./toolchain.ts";

/** What a rehearsal of a whole life did. */
export interface Rehearsed {
  readonly preview: RunResult;
  readonly up: RunResult;
  /** Must have changed nothing; checked. */
  readonly again: RunResult;
  readonly destroy: RunResult;
}

/** Options of a rehearsal beyond the program and its providers. */
export type RehearsalOptions = Partial<Omit<EngineOptions, "program" | "providers" | "pulumiRoot">>;

/** Runs a program under the real engine, with a state of its own. */
export async function withRehearsal<T>(
  program: PulumiFn,
  providers: readonly SimulatedProvider[],
  use: (engine: Engine) => Promise<T>,
  options: RehearsalOptions = {},
): Promise<T> {
  return await withEngine({ stack: "test", ...options, pulumiRoot: await pulumiRoot(), program, providers }, use);
}

/**
 * The whole life of a program under the real engine: preview, up, a preview that must show no change, whatever the test
 * checks meanwhile, destroy, and the proof that the state is empty.
 */
export async function rehearseProgram(
  program: PulumiFn,
  providers: readonly SimulatedProvider[],
  whileUp: (engine: Engine) => Promise<void> = () => Promise.resolve(),
  options: RehearsalOptions = {},
): Promise<Rehearsed> {
  return await withRehearsal(
    program,
    providers,
    async (engine) => {
      const preview = await engine.preview();
      const up = await engine.up();
      const again = await engine.preview();
      assert.deepEqual(changes(again), [], "a second preview must show no change");
      await whileUp(engine);
      const destroy = await engine.destroy();
      assert.deepEqual((await engine.exportState()).resources, [], "nothing may be left in the state");
      return { preview, up, again, destroy };
    },
    options,
  );
}

/** What a run changes, as `operation name`, in the order of names. */
export function changes(result: RunResult): readonly string[] {
  return changedSteps(result)
    .map(({ operation, name }) => `${operation} ${name}`)
    .sort();
}
