/**
 * The embedded cluster by itself, for development: `node rehearsal/cluster/main.ts start|stop|status|exec`.
 */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { IMAGE_NAMES, prepareImages } from "../images/images.ts";
import { terminalProgress } from "../progress.ts";
import { prepareTools, TOOL_NAMES } from "../toolchain/toolchain.ts";
import { findLeftovers } from "./leftovers.ts";
import { startCluster } from "./start.ts";
import { clusterStatus } from "./status.ts";
import { stopCluster } from "./stop.ts";
import { clusterTools } from "./tools.ts";
import { ClusterError, type Forward } from "./types.ts";

const usage = `node rehearsal/cluster/main.ts start|stop|status|exec [--state FOLDER] [-- COMMAND…]
  start [--name NAME] [--gpus N] [--forward NAME=NAMESPACE/SERVICE:PORT=HOSTPORT]…
  exec -- COMMAND…   runs COMMAND in the cluster's network and mounts`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: "string", default: "/tmp/vllm-stack-cluster" },
    name: { type: "string", default: "local" },
    gpus: { type: "string", default: "8" },
    forward: { type: "string", multiple: true, default: [] },
  },
});
const stateDir = resolve(values.state);

function parseForward(text: string): Forward {
  const [name, target, port] = text.split("=");
  if (name === undefined || target === undefined || port === undefined) throw new ClusterError(usage);
  return { name, target, port: Number(port) };
}

async function start(): Promise<void> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => {
    interrupted.abort();
  });
  const progress = terminalProgress();
  const toolchain = await prepareTools(TOOL_NAMES, { progress, signal: interrupted.signal });
  const images = await prepareImages(IMAGE_NAMES, { toolchain, progress, signal: interrupted.signal });
  const cluster = await startCluster({
    name: values.name,
    tools: clusterTools(toolchain),
    images,
    gpus: Number(values.gpus),
    stateDir,
    forwards: values.forward.map(parseForward),
    progress,
    signal: interrupted.signal,
  });
  console.log(`KUBECONFIG=${cluster.kubeconfig}`);
  for (const { name, address, target } of await cluster.forwards()) console.log(`${name}: ${address} → ${target}`);
  for (const { step, seconds } of cluster.timings) console.log(`${seconds.toFixed(1).padStart(6)} s  ${step}`);
}

async function status(): Promise<void> {
  const found = await clusterStatus(stateDir);
  if (found.kind === "broken") console.log(`broken: ${found.problems.join(", ")}`);
  else if (found.kind === "busy") console.log(`busy: ${found.by}`);
  else console.log(found.kind === "running" ? `running: ${found.cluster.apiServer}` : "absent");
}

async function exec(command: readonly string[]): Promise<void> {
  const found = await clusterStatus(stateDir);
  if (found.kind !== "running") throw new ClusterError(`The cluster in ${stateDir} is not running. Start it first.`);
  const [program = "sh", ...rest] = found.cluster.insideCommand(command.length > 0 ? command : ["sh"]);
  process.exitCode = spawnSync(program, rest, { stdio: "inherit" }).status ?? 1;
}

const commands: Record<string, () => Promise<void>> = {
  start,
  status,
  stop: async () => {
    await stopCluster({ stateDir, progress: terminalProgress() });
    console.log(findLeftovers(stateDir).join("\n") || "nothing left");
  },
  exec: () => exec(positionals.slice(1)),
};

try {
  const command = commands[positionals[0] ?? ""];
  if (command === undefined) throw new ClusterError(usage);
  await command();
} catch (error) {
  if (!(error instanceof ClusterError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
