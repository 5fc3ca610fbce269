import { get } from "node:http";
import { createConnection } from "node:net";
import { line } from "./protocol.ts";

/** How long a daemon may take to answer. */
const ANSWER_TIMEOUT_MS = 2000;

/**
 * Asks a daemon inside the cluster's network for its health.
 * @param forwardSocket the keeper's socket
 * @param port on the loopback of the cluster's node
 * @returns undefined if it says it is ready, else what it says
 */
export function healthProblem(forwardSocket: string, port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const connect = () => {
      const socket = createConnection(forwardSocket);
      socket.write(line(`node:${port}`));
      return socket;
    };
    const call = get({ path, createConnection: connect, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `${path} answers ${String(response.statusCode)}`);
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
  });
}
