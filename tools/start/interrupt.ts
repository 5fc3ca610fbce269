/** Exit code of a command that Ctrl-C ended. */
const INTERRUPTED = 130;

/**
 * Runs long work that Ctrl-C ends in an orderly way: the first one aborts the signal and waits, the second one exits at
 * once. Either way nothing is left that the clean-up command can't remove.
 *
 * @param cleanUp the command that removes what has been made so far
 */
export async function interruptible(cleanUp: string, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    process.stderr.write("\nStopping … (Ctrl-C again ends at once)\n");
    controller.abort();
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (!controller.signal.aborted) throw error;
    process.stderr.write(
      `Stopped. What was made so far is used by the next \`npm start\`, or removed by \`${cleanUp}\`.\n`,
    );
    return INTERRUPTED;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
