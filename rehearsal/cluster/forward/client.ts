import { createConnection } from "node:net";
import type { ActiveForward, Forward } from "../types.ts";
import { ClusterError } from "../types.ts";
import { controlAnswerSchema, describeForward, line, parseTarget, type ControlRequest } from "./protocol.ts";
import { readLine } from "./sockets.ts";

/** How long the gateway may take to answer. */
const ANSWER_TIMEOUT_MS = 5000;

/**
 * Asks the gateway to listen.
 * @throws ClusterError if the target can't be understood or the port is taken
 */
export async function addForward(controlSocket: string, forward: Forward): Promise<ActiveForward> {
  if (parseTarget(forward.target) === undefined) {
    throw new ClusterError(
      `forwards.${forward.name}.target: ${forward.target} – not a Service. Write namespace/service:port, for instance serving/front:http.`,
    );
  }
  const forwards = await ask(controlSocket, { op: "add", forward }, (code, message) =>
    portProblem(forward, code, message),
  );
  const added = forwards.find(({ name }) => name === forward.name);
  if (added === undefined) throw new ClusterError(`forward ${describeForward(forward)}: the gateway did not keep it.`);
  return added;
}

/** Asks the gateway to stop listening and close the forward's connections; a name it doesn't know is fine. */
export async function removeForward(controlSocket: string, name: string): Promise<void> {
  await ask(controlSocket, { op: "remove", name });
}

/** The forwards that listen. */
export function listForwards(controlSocket: string): Promise<readonly ActiveForward[]> {
  return ask(controlSocket, { op: "list" });
}

function portProblem(forward: Forward, code: string, message: string): string {
  const where = `forwards.${forward.name}.port: ${forward.port}`;
  if (code === "EADDRINUSE") {
    return `${where} – another process listens on 127.0.0.1:${forward.port}. Choose another port (0 takes any free one), or end that process.`;
  }
  if (code === "EACCES") {
    return `${where} – this user may not listen on that port. Choose one above 1023, or 0 for any free one.`;
  }
  return `${where} – can't listen on 127.0.0.1: ${message}. Choose another port, or 0 for any free one.`;
}

function ask(
  controlSocket: string,
  request: ControlRequest,
  explain: (code: string, message: string) => string = (code, message) => `gateway: ${message} (${code})`,
): Promise<readonly ActiveForward[]> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(controlSocket);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("the cluster's gateway does not answer")));
    socket.once("error", reject);
    socket.write(line(JSON.stringify(request)));
    readLine(socket, (text) => {
      socket.destroy();
      if (text === undefined) {
        reject(new Error("the cluster's gateway closed the connection without an answer"));
        return;
      }
      const answer = controlAnswerSchema.parse(JSON.parse(text));
      if ("error" in answer) reject(new ClusterError(explain(answer.error.code, answer.error.message)));
      else resolve(answer.forwards.map((forward) => ({ ...forward, address: `127.0.0.1:${forward.port}` })));
    });
  });
}
