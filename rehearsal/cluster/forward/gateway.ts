/**
 * A process of the host's network: listens on loopback ports and hands every connection to the keeper inside the
 * cluster's network. Run as `node gateway.ts STATE_FOLDER`.
 */
import { chmodSync, rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import { layoutOf } from "../layout.ts";
import { errorCode } from "../processes.ts";
import type { Forward } from "../types.ts";
import { controlRequestSchema, line, type ControlAnswer, type ControlRequest } from "./protocol.ts";
import { readLine, relay } from "./sockets.ts";

const [stateDir] = process.argv.slice(2);
if (stateDir === undefined) throw new Error("usage: node gateway.ts STATE_FOLDER");
const layout = layoutOf(stateDir);

interface Listening {
  forward: Forward;
  readonly server: Server;
  readonly clients: Set<Socket>;
}
const listening = new Map<string, Listening>();

async function listen(forward: Forward): Promise<Listening> {
  const clients = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true });
  const opened: Listening = { forward, server, clients };
  server.on("connection", (client) => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    const inside = createConnection({ path: layout.forwardSocket, allowHalfOpen: true });
    inside.write(line(opened.forward.target));
    relay(client, inside);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port: forward.port }, resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : forward.port;
  opened.forward = { ...forward, port };
  return opened;
}

/** A port that stays the same is not given up, and one that changes only when the new one is had. */
async function add(forward: Forward): Promise<void> {
  const existing = listening.get(forward.name);
  if (existing !== undefined && [0, existing.forward.port].includes(forward.port)) {
    existing.forward = { ...existing.forward, target: forward.target };
    return;
  }
  const opened = await listen(forward);
  close(forward.name);
  listening.set(forward.name, opened);
}

function close(name: string): void {
  const found = listening.get(name);
  if (found === undefined) return;
  listening.delete(name);
  found.server.close();
  found.clients.forEach((client) => client.destroy());
}

async function answer(request: ControlRequest): Promise<ControlAnswer> {
  if (request.op === "remove") close(request.name);
  if (request.op === "add") await add(request.forward);
  return { forwards: [...listening.values()].map(({ forward }) => forward) };
}

async function answerLine(text: string): Promise<ControlAnswer> {
  try {
    return await answer(controlRequestSchema.parse(JSON.parse(text)));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: { code: errorCode(error) ?? "EINVAL", message } };
  }
}

rmSync(layout.controlSocket, { force: true });
createServer((client) => {
  client.on("error", () => client.destroy());
  readLine(client, (text) => {
    if (text === undefined) {
      client.destroy();
      return;
    }
    void answerLine(text).then((reply) => client.end(line(JSON.stringify(reply))));
  });
}).listen(layout.controlSocket, () => {
  chmodSync(layout.controlSocket, 0o600);
});
