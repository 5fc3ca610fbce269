/**
 * `npm start`: the whole serving stack, on an embedded cluster or with `--context` on one of yours, through the real
 * Pulumi engine: preview, up, one chat completion, Prometheus. Running it again updates what runs.
 */
import { parseArgs } from "node:util";
import { readEnvironment } from "../environments/schema/file.ts";
import { plan } from "../planning/plan.ts";
import { terminalProgress } from "../rehearsal/progress.ts";
import { runCommand, UserError } from "./cli.ts";
import { interruptible } from "./start/interrupt.ts";

const HELP = `npm start [-- OPTIONS]

Brings the serving stack up on an embedded Kubernetes (Linux, root, Go), and shows that it answers.

  --context NAME            use the cluster of this kubeconfig context instead, with published images
  --environment NAME        environment to deploy (default: local; with --context: kind)
  --port N                  loopback port of the OpenAI endpoint (default: 8000)
  --prometheus-port N       loopback port of Prometheus (default: 9090)
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      context: { type: "string" },
      environment: { type: "string" },
      port: { type: "string", default: "8000" },
      "prometheus-port": { type: "string", default: "9090" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const { context } = values;
  const file = readEnvironment(values.environment ?? (context === undefined ? "local" : "kind"));
  const ports = {
    endpoint: portOf(values.port, "--port"),
    prometheus: portOf(values["prometheus-port"], "--prometheus-port"),
  };
  // What is wrong with the environment is said before minutes go into building.
  const planned = plan(file.name, file.environment);
  return await interruptible(`npm stop -- --environment ${file.name}`, async (signal) => {
    const options = { file, plan: planned, ports, progress: terminalProgress(), signal };
    // Loaded here, so that --help and a refused environment don't wait for the engine's SDK.
    const [embedded, own] = [() => import("./start/embedded.ts"), () => import("./start/own-cluster.ts")];
    if (context === undefined) await (await embedded()).startEmbedded(options);
    else await (await own()).startOnContext({ ...options, context });
    return 0;
  });
});

function portOf(text: string, option: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UserError(`${option}: ${text} – must be a port between 0 (any free one) and 65535. Choose another.`);
}
