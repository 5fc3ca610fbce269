/**
 * How long a request to stop is held back. Ctrl-C in a terminal reaches the engine and this process alike, and a second
 * interrupt makes the engine break off at once instead of finishing in order.
 */
const HELD_BACK_MILLISECONDS = 1_000;

/** Passes a request to stop on to the engine, unless the engine has been told already. */
export class Interruption {
  readonly #forwarded = new AbortController();
  #engineKnows = false;

  /** @param signal aborted when somebody wants to stop */
  constructor(signal: AbortSignal | undefined) {
    signal?.addEventListener("abort", () => {
      setTimeout(() => {
        if (!this.#engineKnows) this.#forwarded.abort();
      }, HELD_BACK_MILLISECONDS);
    });
  }

  /** Aborted when the engine has to be interrupted. */
  get signal(): AbortSignal {
    return this.#forwarded.signal;
  }

  /** A provider was told by the engine that the run is being cancelled. */
  readonly engineCancels = (): void => {
    this.#engineKnows = true;
  };
}
