import { createConnection, type Socket } from "node:net";
import { z } from "zod";
import type { ApiClient } from "../api.ts";
import { ADDRESSES, PORTS } from "../layout.ts";
import type { Target } from "./protocol.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

const serviceSchema = z.object({
  spec: z.object({
    clusterIP: z.string().optional(),
    ports: z.array(z.object({ name: z.string().optional(), port: z.int() })).default([]),
  }),
});

const slicesSchema = z.object({
  items: z.array(
    z.object({
      ports: z.array(z.object({ name: z.string().optional(), port: z.int().optional() })).nullish(),
      endpoints: z
        .array(
          z.object({
            addresses: z.array(z.string()),
            conditions: z.object({ ready: z.boolean().optional() }).optional(),
          }),
        )
        .nullish(),
    }),
  ),
});

/**
 * The address a target has now.
 * @returns undefined if there is no such Service, port or endpoint
 */
export async function resolveTarget(target: Target, api: ApiClient): Promise<Address | undefined> {
  switch (target.kind) {
    case "apiserver":
      return { host: ADDRESSES.node, port: PORTS.api };
    case "node":
      return { host: "127.0.0.1", port: target.port };
    case "service":
      return resolveService(target, api);
  }
}

async function resolveService(
  target: Extract<Target, { kind: "service" }>,
  api: ApiClient,
): Promise<Address | undefined> {
  const { status, body } = await api.get(`/api/v1/namespaces/${target.namespace}/services/${target.service}`);
  if (status !== 200) return undefined;
  const { spec } = serviceSchema.parse(body);
  const port = spec.ports.find(({ name, port }) => name === target.port || String(port) === target.port);
  if (port === undefined) return undefined;
  if (spec.clusterIP !== undefined && !["", "None"].includes(spec.clusterIP)) {
    return { host: spec.clusterIP, port: port.port };
  }
  return headlessEndpoint(target.namespace, target.service, port.name, api);
}

/** A headless Service has no address of its own: its first ready endpoint stands for it. */
async function headlessEndpoint(
  namespace: string,
  service: string,
  portName: string | undefined,
  api: ApiClient,
): Promise<Address | undefined> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const { body } = await api.get(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`,
  );
  for (const slice of slicesSchema.parse(body).items) {
    const port = slice.ports?.find(({ name = "" }) => name === (portName ?? ""))?.port;
    const endpoint = slice.endpoints?.find(({ conditions }) => conditions?.ready !== false);
    const host = endpoint?.addresses[0];
    if (port !== undefined && host !== undefined) return { host, port };
  }
  return undefined;
}

/** How long a connection inside the cluster may take to be accepted. */
const CONNECT_TIMEOUT_MS = 5000;

/** Opens a connection; rejects if nobody accepts it in time. */
export function dial(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ ...address, allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(new Error("timeout")), CONNECT_TIMEOUT_MS);
    socket.once("error", reject);
    socket.once("close", () => {
      clearTimeout(timer);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
