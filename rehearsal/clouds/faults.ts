import { setTimeout } from "node:timers/promises";

import { ProviderError } from "./provider.ts";

/** Operations a fault can hit. */
export type FaultyOperation =
  "configure" | "check" | "diff" | "create" | "read" | "update" | "delete" | "invoke" | "construct";

/** A failure a simulated cloud is told to have: no capacity, a quota, a lost answer, slowness. */
export interface Fault {
  readonly on: FaultyOperation;
  /** Type token, or token of the data source. @default every type */
  readonly type?: string;
  /** Name of the resource in the program. @default every resource */
  readonly name?: string;
  /** The cloud's words. Without a message the operation is only delayed. */
  readonly message?: string;
  /** `before`: nothing happened. `after`: it happened, but the answer was lost. @default before */
  readonly when?: "before" | "after";
  /** How many times it strikes. @default always */
  readonly times?: number;
  /** Time the operation takes longer. @default 0 */
  readonly delayMilliseconds?: number;
}

/** What a fault is matched against. */
export interface FaultTarget {
  readonly on: FaultyOperation;
  readonly type: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** The faults of a provider; may be added to and cleared between and during runs. */
export class Faults {
  #faults: { readonly fault: Fault; left: number }[] = [];

  /** Plans a fault. */
  add(fault: Fault): void {
    this.#faults.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  /** Forgets all faults. */
  clear(): void {
    this.#faults = [];
  }

  /** Does the work, unless or until a matching fault strikes. Throws {@link ProviderError} with the fault's message. */
  async around<T>(target: FaultTarget, work: () => Promise<T>): Promise<T> {
    await this.#strike(target, "before");
    const result = await work();
    await this.#strike(target, "after");
    return result;
  }

  async #strike(target: FaultTarget, when: "before" | "after"): Promise<void> {
    const hit = this.#faults.find(
      ({ fault, left }) =>
        left > 0 &&
        fault.on === target.on &&
        (fault.when ?? "before") === when &&
        (fault.type === undefined || fault.type === target.type) &&
        (fault.name === undefined || fault.name === target.name),
    );
    if (hit === undefined) return;
    hit.left -= 1;
    if (hit.fault.delayMilliseconds !== undefined) {
      await setTimeout(hit.fault.delayMilliseconds, undefined, { signal: target.signal });
    }
    if (hit.fault.message !== undefined) throw new ProviderError(hit.fault.message);
  }
}
