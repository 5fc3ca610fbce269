import type { Progress, Step } from "../rehearsal/progress.ts";
import { table } from "./terminal.ts";

/** When a step began, in seconds after the command did, and how long it took. */
export interface StepTime {
  readonly step: string;
  readonly began: number;
  readonly seconds: number;
}

/** A progress that notes the time of every step that ended well. */
export interface TimedProgress extends Progress {
  /** In the order the steps began; some run side by side. */
  times(): readonly StepTime[];
}

/** Notes times of the steps another progress shows. */
export function timed(progress: Progress): TimedProgress {
  const begun: { time?: StepTime }[] = [];
  return {
    step: (title, detail) => {
      const began = process.uptime();
      const entry: { time?: StepTime } = {};
      begun.push(entry);
      const inner = progress.step(title, detail);
      return {
        update: inner.update.bind(inner),
        fail: inner.fail.bind(inner),
        done: (text) => {
          entry.time = { step: title, began: round(began), seconds: round(process.uptime() - began) };
          inner.done(text);
        },
      };
    },
    times: () => begun.flatMap(({ time }) => (time === undefined ? [] : [time])),
  };
}

/** Times as a table for people, with the whole time of the command below. */
export function renderTimes(times: readonly StepTime[], total: number): string {
  const rows = times.map(({ step, began, seconds }) => [step, began.toFixed(1), seconds.toFixed(1)]);
  return table(
    [...rows, ["all of it", "", total.toFixed(1)]],
    [{ title: "step" }, { title: "began at (s)", align: "right" }, { title: "took (s)", align: "right" }],
  );
}

/** What a step says that had nothing to do, see `reported` of the toolchain. */
const CACHED = "in the cache";

/** A {@link grouped} progress and its end. */
export interface Group {
  readonly progress: Progress;
  /** Shows how many things were in the cache. */
  end(): void;
}

/**
 * Keeps steps that find their thing in the cache off the screen: one line stands for all of them. A step that has something
 * to do, and therefore says so, is shown like any other.
 *
 * @param title what the things are
 */
export function grouped(progress: Progress, title: string): Group {
  let cached = 0;
  let shown = 0;
  const whole = new Delayed(progress, title);
  return {
    progress: {
      step: (name, detail) => {
        const step = new Delayed(progress, name, detail);
        const timer = setTimeout(() => step.show(), SILENCE_MS).unref();
        return {
          update: (text) => {
            step.show().update(text);
          },
          fail: (text) => {
            clearTimeout(timer);
            step.show().fail(text);
          },
          done: (text) => {
            clearTimeout(timer);
            if (text === CACHED && !step.isShown) {
              cached += 1;
              return;
            }
            shown += 1;
            step.show().done(text);
          },
        };
      },
    },
    end: () => {
      if (cached > 0) whole.show().done(shown === 0 ? CACHED : `${cached} in the cache`);
    },
  };
}

/** How long a step may go without a word before it is shown all the same. */
const SILENCE_MS = 1000;

/** A step that is begun once there is something to say, or when it takes its time. */
class Delayed {
  readonly #progress: Progress;
  readonly #title: string;
  readonly #detail: string | undefined;
  #step: Step | undefined;

  constructor(progress: Progress, title: string, detail?: string) {
    this.#progress = progress;
    this.#title = title;
    this.#detail = detail;
  }

  get isShown(): boolean {
    return this.#step !== undefined;
  }

  show(): Step {
    this.#step ??= this.#progress.step(this.#title, this.#detail);
    return this.#step;
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
