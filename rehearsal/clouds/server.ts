import grpc from "@grpc/grpc-js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";

import { AnswerError } from "./answers.ts";
import { CallContext } from "./call-context.ts";
import { EngineLog } from "./engine-log.ts";
import { ProviderCalls } from "./provider-calls.ts";
import { ProviderError, type ProviderSession, type SimulatedProvider } from "./provider.ts";
import { ResourceCalls } from "./resource-calls.ts";

/** A provider that listens. */
export interface ServedProvider {
  readonly name: string;
  /** Port on 127.0.0.1, for the engine's `PULUMI_DEBUG_PROVIDERS`. */
  readonly port: number;
  /** Ends everything under way and stops listening. */
  close(): Promise<void>;
}

/** Manifests with many models are larger than gRPC's default limit of 4 MiB; the engine's own limit is 400 MiB. */
const MESSAGE_BYTES = 400 * 1024 * 1024;

/**
 * Serves a provider to the engine on a free port of the loopback address.
 * @param onCancel called when an engine says that its run is being cancelled
 */
export async function serveProvider(
  provider: SimulatedProvider,
  onCancel: () => void = () => undefined,
): Promise<ServedProvider> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MESSAGE_BYTES,
    "grpc.max_send_message_length": MESSAGE_BYTES,
  });
  const connections = new Connections(provider);
  server.addService(services.ResourceProviderService, implementation(provider, connections, onCancel));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return {
    name: provider.name,
    port,
    close: () => {
      connections.close();
      server.forceShutdown();
      return Promise.resolve();
    },
  };
}

/** One engine connection: one provider resource of one run. */
interface Connection {
  readonly log: EngineLog;
  readonly session: ProviderSession;
  readonly providerCalls: ProviderCalls;
  readonly resourceCalls: ResourceCalls;
  readonly cancelled: AbortController;
}

/**
 * Connections by the engine's address and port. The engine dials once per provider resource, and nothing in a request
 * says which provider resource it is for, so the connection is what tells sessions apart.
 */
class Connections {
  readonly #provider: SimulatedProvider;
  readonly #connections = new Map<string, Connection>();

  constructor(provider: SimulatedProvider) {
    this.#provider = provider;
  }

  of(peer: string): Connection {
    const known = this.#connections.get(peer);
    if (known !== undefined) return known;
    const log = new EngineLog();
    const session = this.#provider.connect({
      log: (severity, message) => {
        log.write(severity, message, "", false);
      },
    });
    const context = new CallContext(this.#provider, log);
    const connection = {
      log,
      session,
      providerCalls: new ProviderCalls(context, session),
      resourceCalls: new ResourceCalls(context, session),
      cancelled: new AbortController(),
    };
    this.#connections.set(peer, connection);
    return connection;
  }

  cancel(connection: Connection): void {
    connection.cancelled.abort();
    connection.session.cancel?.();
  }

  close(): void {
    for (const connection of this.#connections.values()) {
      this.cancel(connection);
      connection.log.close();
    }
    this.#connections.clear();
  }
}

type Answer<Request, Response> = (connection: Connection, request: Request, signal: AbortSignal) => Promise<Response>;

function implementation(
  provider: SimulatedProvider,
  connections: Connections,
  onCancel: () => void,
): grpc.UntypedServiceImplementation {
  function unary<Request, Response>(answer: Answer<Request, Response>): grpc.handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const gone = new AbortController();
      call.on("cancelled", () => {
        gone.abort();
      });
      // Started inside the chain, so that what is thrown before the first await is answered too.
      Promise.resolve()
        .then(() => {
          const connection = connections.of(call.getPeer());
          return answer(connection, call.request, AbortSignal.any([gone.signal, connection.cancelled.signal]));
        })
        .then((response) => {
          callback(null, response);
        })
        .catch((error: unknown) => {
          callback(errorAnswer(error));
        });
    };
  }
  const nothing = () => Promise.resolve(new empties.Empty());
  return {
    getPluginInfo: unary<empties.Empty, plugins.PluginInfo>(() => {
      const info = new plugins.PluginInfo();
      info.setVersion(provider.version);
      return Promise.resolve(info);
    }),
    handshake: unary<proto.ProviderHandshakeRequest, proto.ProviderHandshakeResponse>(({ log }, request) => {
      log.connect(request.getEngineAddress());
      const answer = new proto.ProviderHandshakeResponse();
      answer.setAcceptSecrets(true);
      answer.setAcceptOutputs(true);
      // Without it the engine refuses to let the provider construct components.
      answer.setAcceptResources(true);
      return Promise.resolve(answer);
    }),
    attach: unary<plugins.PluginAttach, empties.Empty>(({ log }, request) => {
      log.connect(request.getAddress());
      return nothing();
    }),
    cancel: unary<empties.Empty, empties.Empty>((connection) => {
      onCancel();
      connections.cancel(connection);
      return nothing();
    }),
    checkConfig: unary<proto.CheckRequest, proto.CheckResponse>((c, request, signal) =>
      c.providerCalls.checkConfig(request, signal),
    ),
    diffConfig: unary<proto.DiffRequest, proto.DiffResponse>((c, request, signal) =>
      c.providerCalls.diffConfig(request, signal),
    ),
    configure: unary<proto.ConfigureRequest, proto.ConfigureResponse>((c, request, signal) =>
      c.providerCalls.configure(request, signal),
    ),
    invoke: unary<proto.InvokeRequest, proto.InvokeResponse>((c, request, signal) =>
      c.providerCalls.invoke(request, signal),
    ),
    construct: unary<proto.ConstructRequest, proto.ConstructResponse>((c, request, signal) =>
      c.providerCalls.construct(request, signal),
    ),
    check: unary<proto.CheckRequest, proto.CheckResponse>((c, request, signal) =>
      c.resourceCalls.check(request, signal),
    ),
    diff: unary<proto.DiffRequest, proto.DiffResponse>((c, request, signal) => c.resourceCalls.diff(request, signal)),
    create: unary<proto.CreateRequest, proto.CreateResponse>((c, request, signal) =>
      c.resourceCalls.create(request, signal),
    ),
    read: unary<proto.ReadRequest, proto.ReadResponse>((c, request, signal) => c.resourceCalls.read(request, signal)),
    update: unary<proto.UpdateRequest, proto.UpdateResponse>((c, request, signal) =>
      c.resourceCalls.update(request, signal),
    ),
    delete: unary<proto.DeleteRequest, empties.Empty>((c, request, signal) => c.resourceCalls.delete(request, signal)),
  };
}

function errorAnswer(error: unknown): Partial<grpc.StatusObject> {
  if (error instanceof AnswerError) return error.answer;
  if (error instanceof ProviderError) return { code: grpc.status.UNKNOWN, details: error.message };
  return {
    code: grpc.status.INTERNAL,
    details: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
