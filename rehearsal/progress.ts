/** One thing under way: a build, a download, a daemon being started. Exactly one of `done` and `fail` ends it. */
export interface Step {
  /** Says what it is doing now; shown at once on a terminal, at most every {@link HEARTBEAT_SECONDS} seconds in a log. */
  update(text: string): void;
  /** Ends the step well. `text` is its result, for instance a path or "already built". */
  done(text?: string): void;
  /** Ends the step badly. `text` is the reason in one line; the full error is thrown by whoever called `step`. */
  fail(text: string): void;
}

/** Where long work reports to. Steps follow one another; a step may begin while another is under way. */
export interface Progress {
  /** Begins a step. `title` names the thing ("build kubernetes 1.36.2"), `detail` what to expect of it. */
  step(title: string, detail?: string): Step;
}

/** The part of a writable stream the terminal implementation needs; `process.stderr` has it. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** How often a step that runs for long writes a line into a log, in seconds. */
export const HEARTBEAT_SECONDS = 15;

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MILLISECONDS = 100;

/** Discards everything; for tests and for callers that report in another way. */
export const silentProgress: Progress = {
  step: () => ({ update: () => undefined, done: () => undefined, fail: () => undefined }),
};

/** Seconds as people read them: `4.2 s`, `58 s`, `3 min 7 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

interface RunningStep {
  readonly title: string;
  readonly begun: number;
  text: string;
}

/**
 * One line per step with the time it took. On a terminal the running steps are redrawn in place with a spinner; elsewhere
 * (a pipe, a CI log) plain lines are written: one when a step begins, one about every {@link HEARTBEAT_SECONDS} seconds
 * while it runs, one when it ends.
 */
export function terminalProgress(output: ProgressOutput = process.stderr): Progress {
  return output.isTTY === true ? new LiveProgress(output) : new PlainProgress(output);
}

const elapsed = (step: RunningStep): string => formatSeconds((Date.now() - step.begun) / 1000);
const withText = (title: string, text: string | undefined): string =>
  text === undefined || text === "" ? title : `${title}: ${text}`;

function begin(title: string, detail: string | undefined): RunningStep {
  return { title, begun: Date.now(), text: detail ?? "" };
}

class PlainProgress implements Progress {
  private readonly output: ProgressOutput;

  constructor(output: ProgressOutput) {
    this.output = output;
  }

  step(title: string, detail?: string): Step {
    const step = begin(title, detail);
    this.line(`… ${detail === undefined ? title : `${title} (${detail})`}`);
    const heartbeat = setInterval(() => {
      this.line(`… ${withText(title, step.text)} (${elapsed(step)})`);
    }, HEARTBEAT_SECONDS * 1000).unref();
    const end = (mark: string, text: string | undefined): void => {
      clearInterval(heartbeat);
      this.line(`${mark} ${withText(title, text)} (${elapsed(step)})`);
    };
    return {
      update: (text) => {
        step.text = text;
      },
      done: (text) => {
        end("✓", text);
      },
      fail: (text) => {
        end("✗", text);
      },
    };
  }

  private line(text: string): void {
    this.output.write(`${text}\n`);
  }
}

class LiveProgress implements Progress {
  private readonly output: ProgressOutput;
  private readonly running = new Set<RunningStep>();
  private drawn = 0;
  private frame = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(output: ProgressOutput) {
    this.output = output;
  }

  step(title: string, detail?: string): Step {
    const step = begin(title, detail);
    this.running.add(step);
    this.timer ??= setInterval(() => {
      this.frame += 1;
      this.draw();
    }, FRAME_MILLISECONDS).unref();
    this.draw();
    return {
      update: (text) => {
        step.text = text;
      },
      done: (text) => {
        this.end(step, "✓", text);
      },
      fail: (text) => {
        this.end(step, "✗", text);
      },
    };
  }

  private end(step: RunningStep, mark: string, text: string | undefined): void {
    if (!this.running.delete(step)) return;
    this.erase();
    this.output.write(`${mark} ${withText(step.title, text)} (${elapsed(step)})\n`);
    this.draw();
    if (this.running.size === 0) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private draw(): void {
    this.erase();
    // Some pseudo-terminals report no columns.
    const columns = this.output.columns ?? 0;
    const width = (columns > 20 ? columns : 80) - 1;
    const spinner = FRAMES[this.frame % FRAMES.length] ?? "";
    for (const step of this.running) {
      const time = ` (${elapsed(step)})`;
      const text = `${spinner} ${withText(step.title, step.text)}`.replaceAll("\n", " ");
      const room = width - time.length;
      this.output.write(`${text.length > room ? `${text.slice(0, room - 1)}…` : text}${time}\n`);
    }
    this.drawn = this.running.size;
  }

  private erase(): void {
    // Up to the first drawn line, then clear to the end of the screen.
    if (this.drawn > 0) this.output.write(`\u001b[${this.drawn}A\u001b[0J`);
    this.drawn = 0;
  }
}
