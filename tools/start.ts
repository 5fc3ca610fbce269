/**
 * `npm start`: the whole serving stack, on an embedded cluster or with `--context` on one of yours, through the real
 * Pulumi engine: preview, up, one chat completion, Prometheus. Running it again updates what runs.
 */
import { parseArgs } from "node:util";
import { readEnvironment } from "../environments/schema/file.ts";
import { plan } from "../planning/plan.ts";
import { terminalProgress } from "../rehearsal/progress.ts";
import { runCommand } from "./cli.ts";
import { portOf } from "./ports.ts";
import { renderTimes, timed } from "./progress.ts";
import { interruptible } from "./start/interrupt.ts";
import type { StartOptions } from "./start/options.ts";
import type { Started } from "./start/started.ts";
import { summary, summaryJson } from "./start/summary.ts";
import { stateFolder } from "./state.ts";

const HELP = `npm start [-- OPTIONS]

Brings the serving stack up on an embedded Kubernetes (Linux, root, Go, apt), and shows that it answers.
Running it again updates what runs; npm stop removes everything.

  --context NAME            use the cluster of this kubeconfig context instead, with published images
  --environment NAME|FILE   environment to deploy (default: local; with --context: kind)
  --port N                  loopback port of the OpenAI endpoint (default: 8000; 0: any free one)
  --prometheus-port N       loopback port of Prometheus (default: 9090; 0: any free one)
  --timings                 how long each step took
  --json                    the summary and the times as JSON
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      context: { type: "string" },
      environment: { type: "string" },
      port: { type: "string", default: "8000" },
      "prometheus-port": { type: "string", default: "9090" },
      timings: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const { context } = values;
  const ports = {
    endpoint: portOf(values.port, "--port"),
    prometheus: portOf(values["prometheus-port"], "--prometheus-port"),
  };
  const file = readEnvironment(values.environment ?? (context === undefined ? "local" : "kind"));
  // What is wrong with the environment is said before minutes go into building.
  const planned = plan(file.name, file.environment);
  const state = stateFolder(file.name);
  const progress = timed(terminalProgress());
  return await interruptible(`npm stop -- --environment ${file.name}`, async (signal) => {
    const started = await start({ file, plan: planned, state, ports, progress, signal }, context);
    if (values.json) console.log(JSON.stringify(summaryJson(started, progress.times()), null, 2));
    else process.stdout.write(summary(started));
    if (values.timings) console.log(`\n${renderTimes(progress.times(), process.uptime())}`);
    return 0;
  });
});

async function start(options: StartOptions, context: string | undefined): Promise<Started> {
  // Loaded here, so that --help and a refused environment don't wait for the engine's SDK.
  if (context === undefined) return await (await import("./start/embedded.ts")).startEmbedded(options);
  return await (await import("./start/own-cluster.ts")).startOnContext({ ...options, context });
}
