import { type KubeConfig, PortForward } from "@kubernetes/client-node";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import type { WorkloadPlan } from "../planning/types.ts";
import { UserError } from "./cli.ts";

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

/**
 * What to ask for to reach the first port of a workload's Service.
 * @throws {@link UserError} if it has none
 */
export function forwardTarget(namespace: string, workload: WorkloadPlan, localPort: number): ForwardRequest {
  const { name, service, pod } = workload;
  const target = service?.ports[0]?.target;
  const port = pod.ports.find((candidate) => candidate.name === target)?.port;
  if (port === undefined) throw new UserError(`${name} has no Service to connect to.`);
  return { namespace, service: name, port, localPort };
}

/**
 * Forwards a loopback port to a pod behind a Service, through the API server, like `kubectl port-forward`.
 * Each connection picks a ready pod anew, so that it survives rollouts.
 *
 * @throws the system's error if the port can't be had
 */
export async function openForward(config: KubeConfig, request: ForwardRequest): Promise<OpenForward> {
  const forward = new PortForward(config);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    void connect(forward, request, socket);
  });
  server.listen(request.localPort, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: async () => {
      server.close();
      // Clients keep connections open for later requests; those would keep the server from closing.
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** The part of a web socket that is used; the package has no types of it. */
interface Channel {
  close(): void;
  onclose: (() => void) | null;
}

function isChannel(value: unknown): value is Channel {
  return typeof value === "object" && value !== null && "close" in value && "onclose" in value;
}

/** Joins a connection of this machine to a pod; each ends with the other. */
async function connect(forward: PortForward, request: ForwardRequest, socket: Socket): Promise<void> {
  try {
    const { namespace, service, port } = request;
    const channel: unknown = await forward.portForwardService(namespace, service, [port], socket, null, socket);
    if (!isChannel(channel)) throw new TypeError("a port forward is a web socket");
    if (socket.destroyed) channel.close();
    channel.onclose = () => socket.end();
    socket.once("close", () => {
      channel.close();
    });
  } catch {
    // Without a ready pod the connection is closed; the next one tries again.
    socket.destroy();
  }
}
