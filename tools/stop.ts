/** `npm stop`: destroys what `npm start` made, in whatever condition it is, and proves that nothing is left. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { runCommand } from "./cli.ts";
import { stateFolder } from "./state.ts";
import { terminalProgress } from "../rehearsal/progress.ts";

const HELP = `npm stop [-- OPTIONS]

Destroys the stack that npm start brought up, and its embedded cluster with every process, mount and namespace.

  --environment NAME        environment to destroy (default: local)
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { environment: { type: "string", default: "local" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const state = stateFolder(values.environment);
  if (!existsSync(state)) {
    console.log(`Nothing of ${values.environment} is there (${state}).`);
    return 0;
  }
  const { stopEnvironment } = await import("./start/stop.ts");
  return await stopEnvironment(values.environment, state, terminalProgress());
});
