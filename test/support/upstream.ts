import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request as it reached an upstream. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Milliseconds since its connection was opened. */
  readonly connectionAge: number;
}

/** What an upstream does with a request whose body has arrived. */
export type Answer = (request: ReceivedRequest, response: ServerResponse, raw: IncomingMessage) => void;

/** Answers 200 with the path of the request. */
const echo: Answer = (request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ path: request.url }));
};

/** An HTTP server on loopback in the place of a router: it records what reaches it and answers as a test says. */
export class Upstream {
  readonly requests: ReceivedRequest[] = [];
  answer: Answer = echo;
  /** Connections opened so far. */
  connections = 0;
  readonly #server: Server;
  /** Open connections and when each was opened. */
  readonly #sockets = new Map<Socket, number>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#handle(request, response);
    });
    this.#server.on("connection", (socket: Socket) => {
      this.connections++;
      this.#sockets.set(socket, performance.now());
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  static async start(): Promise<Upstream> {
    const upstream = new Upstream();
    upstream.#server.listen(0, "127.0.0.1");
    await once(upstream.#server, "listening");
    return upstream;
  }

  /** `127.0.0.1:PORT` */
  get address(): string {
    return `127.0.0.1:${portOf(this.#server)}`;
  }

  /** Forgets what was recorded and answers as in the beginning. */
  reset(): void {
    this.requests.length = 0;
    this.connections = 0;
    this.answer = echo;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #handle(raw: IncomingMessage, response: ServerResponse): Promise<void> {
    const now = performance.now();
    const connectionAge = now - (this.#sockets.get(raw.socket) ?? now);
    const chunks: Buffer[] = [];
    for await (const chunk of raw) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const { method = "", url = "", headers } = raw;
    const request = { method, url, headers, body: Buffer.concat(chunks), connectionAge };
    this.requests.push(request);
    this.answer(request, response, raw);
  }
}

/** A port nothing listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  server.close();
  await once(server, "close");
  return port;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port");
  return address.port;
}
