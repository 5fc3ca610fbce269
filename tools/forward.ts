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
    // Without a ready pod the connection is closed; the next one tries again.
    forward
      .portForwardService(request.namespace, request.service, [request.port], socket, null, socket)
      .catch(() => socket.destroy());
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
