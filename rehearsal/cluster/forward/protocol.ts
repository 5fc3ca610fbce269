import { z } from "zod";
import type { Forward } from "../types.ts";

/**
 * Two small protocols over unix sockets, which unlike TCP connections cross network namespaces.
 *
 * Forward socket (keeper, inside): the first line of a connection is a target, everything after it belongs to the two ends.
 * Control socket (gateway, host): one request line, one answer line, both JSON.
 */

/** Where a forwarded connection goes. */
export type Target =
  | { readonly kind: "apiserver" }
  | { readonly kind: "node"; readonly port: number }
  | { readonly kind: "service"; readonly namespace: string; readonly service: string; readonly port: string };

/** The target of the API server's own forward. */
export const API_TARGET = "apiserver";

const DNS_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?";
const SERVICE_TARGET = new RegExp(`^(?<namespace>${DNS_LABEL})/(?<service>${DNS_LABEL}):(?<port>${DNS_LABEL})$`);

/**
 * Parses `apiserver`, `node:PORT` (the node's loopback) or `namespace/service:port`.
 * @returns undefined for anything else
 */
export function parseTarget(text: string): Target | undefined {
  if (text === API_TARGET) return { kind: "apiserver" };
  const node = /^node:(\d{1,5})$/.exec(text);
  if (node !== null) return { kind: "node", port: Number(node[1]) };
  const { namespace, service, port } = SERVICE_TARGET.exec(text)?.groups ?? {};
  if (namespace === undefined || service === undefined || port === undefined) return undefined;
  return { kind: "service", namespace, service, port };
}

const forwardSchema = z.strictObject({ name: z.string(), target: z.string(), port: z.int().min(0).max(65535) });

/** What the gateway can be asked. */
export const controlRequestSchema = z.discriminatedUnion("op", [
  z.strictObject({ op: z.literal("add"), forward: forwardSchema }),
  z.strictObject({ op: z.literal("remove"), name: z.string() }),
  z.strictObject({ op: z.literal("list") }),
]);
/** See {@link controlRequestSchema}. */
export type ControlRequest = z.infer<typeof controlRequestSchema>;

/** What the gateway answers: the forwards that listen now, with actual ports, or why the request failed. */
export const controlAnswerSchema = z.union([
  z.strictObject({ forwards: z.array(forwardSchema) }),
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) }),
]);
/** See {@link controlAnswerSchema}. */
export type ControlAnswer = z.infer<typeof controlAnswerSchema>;

/** One line as both protocols send it. */
export const line = (content: string): string => `${content}\n`;

/** A forward as a line of help in messages. */
export const describeForward = (forward: Forward): string => `${forward.name} (${forward.target})`;
