/**
 * A process inside the cluster's network. Run as `node keeper.ts STATE_FOLDER`. It
 * - connects what the gateway hands in to the API server and to Services,
 * - keeps the node's simulated GPUs and labels in place: a kubelet that starts anew forgets them,
 * - bounds the daemons' logs.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiClient } from "./api.ts";
import { credentialsOf } from "./config/credentials.ts";
import { dial, resolveTarget } from "./forward/dial.ts";
import { parseTarget } from "./forward/protocol.ts";
import { readLine, relay } from "./forward/sockets.ts";
import { layoutOf } from "./layout.ts";
import { boundLogs } from "./logs.ts";
import { keepNode, readDesiredNode } from "./node.ts";

const [stateDir] = process.argv.slice(2);
if (stateDir === undefined) throw new Error("usage: node keeper.ts STATE_FOLDER");
const layout = layoutOf(stateDir);
const api = new ApiClient(credentialsOf(layout).kubeconfig("admin"));

const NODE_INTERVAL_MS = 1000;
const LOG_INTERVAL_MS = 10_000;

async function connect(client: Socket, targetText: string): Promise<void> {
  const target = parseTarget(targetText);
  const address = target === undefined ? undefined : await resolveTarget(target, api);
  if (address === undefined) throw new Error("nothing has this address");
  const server = await dial(address);
  if (client.destroyed) server.destroy();
  else relay(client, server);
}

rmSync(layout.forwardSocket, { force: true });
createServer({ allowHalfOpen: true }, (client) => {
  client.on("error", () => client.destroy());
  readLine(client, (target) => {
    connect(client, target ?? "").catch((error: unknown) => {
      process.stderr.write(`${target ?? "(no target)"}: ${error instanceof Error ? error.message : String(error)}\n`);
      client.destroy();
    });
  });
}).listen(layout.forwardSocket, () => {
  chmodSync(layout.forwardSocket, 0o600);
});

async function repeat(intervalMs: number, work: () => Promise<void> | void): Promise<never> {
  let lastProblem = "";
  for (;;) {
    try {
      await work();
      lastProblem = "";
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== lastProblem) process.stderr.write(`${problem}\n`);
      lastProblem = problem;
    }
    await sleep(intervalMs);
  }
}

void repeat(LOG_INTERVAL_MS, () => {
  boundLogs(layout.logs);
});
void repeat(NODE_INTERVAL_MS, () => keepNode(api, readDesiredNode(layout)));
