/** `npm stop`: destroys what `npm start` made, in whatever condition it is, and proves that nothing is left. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { environmentNameOf } from "../environments/schema/file.ts";
import { terminalProgress } from "../rehearsal/progress.ts";
import { runCommand } from "./cli.ts";
import { renderTimes, timed } from "./progress.ts";
import { interruptible } from "./start/interrupt.ts";
import { stateFolder } from "./state.ts";

const HELP = `npm stop [-- OPTIONS]

Destroys the stack that npm start brought up, and its embedded cluster with every process, mount and namespace.
On a cluster of yours it destroys the stack and leaves the cluster.

  --environment NAME|FILE   environment to destroy (default: local)
  --timings                 how long each step took
  --json                    the same as JSON
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      environment: { type: "string", default: "local" },
      timings: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const environment = environmentNameOf(values.environment);
  const state = stateFolder(environment);
  const progress = timed(terminalProgress());
  const found = existsSync(state);
  if (found) {
    const code = await interruptible(`npm stop -- --environment ${environment}`, async (signal) => {
      const { stopEnvironment } = await import("./start/stop.ts");
      await stopEnvironment({ environment, state, progress, signal });
      return 0;
    });
    if (code !== 0) return code;
  }
  if (values.json) console.log(JSON.stringify({ environment, found, times: progress.times() }, null, 2));
  else console.log(found ? `Nothing of ${environment} is left.` : `${environment} is not up: there is no ${state}.`);
  if (values.timings) console.log(`\n${renderTimes(progress.times(), process.uptime())}`);
  return 0;
});
