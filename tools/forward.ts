import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";

/** A Service of the cluster and the loopback port it shall have on this machine. */
export interface ForwardRequest {
  readonly namespace: string;
  readonly service: string;
  /** Container port behind the Service. */
  readonly port: number;
  /** Port on 127.0.0.1; 0 lets the system choose. */
  readonly localPort: number;
}

/** A forward that is open until it is closed. */
export interface OpenForward {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  close(): Promise<void>;
}

/** Raised when the local port can't be used. */
export class PortError extends Error {
  override readonly name = "PortError";
}

/**
 * Forwards a loopback port to a pod behind a Service, through the API server, like `kubectl port-forward`.
 * Each connection picks a ready pod anew, so that it survives rollouts.
 *
 * @throws {@link PortError} if the port is in use
 */
export async function openForward(config: KubeConfig, request: ForwardRequest): Promise<OpenForward> {
  const forward = new PortForward(config);
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    // Without a ready pod the connection is closed; the next one tries again.
    forward
      .portForwardService(request.namespace, request.service, [request.port], socket, null, socket)
      .catch(() => socket.destroy());
  });
  server.listen(request.localPort, "127.0.0.1");
  await listening(server, request.localPort);
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      server.close();
      await once(server, "close");
    },
  };
}

async function listening(server: Server, port: number): Promise<void> {
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "EADDRINUSE") throw error;
    throw new PortError(`Port ${port} on 127.0.0.1 is in use. Stop what listens there, or choose another with --port.`);
  }
}
