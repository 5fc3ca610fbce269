/**
 * Starts an embedded cluster in a process of its own, so that a test can kill it midway: `node start-cluster.ts OPTIONS`,
 * the options as JSON. Prints the title of every step as it begins.
 */
import { startCluster } from "../../../rehearsal/cluster/start.ts";
import type { StartOptions } from "../../../rehearsal/cluster/types.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<StartOptions, "progress">;
const ignore = () => undefined;

await startCluster({
  ...options,
  progress: {
    step: (title) => {
      process.stdout.write(`${title}\n`);
      return { update: ignore, done: ignore, fail: ignore };
    },
  },
});
