import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";

import type { Severity } from "./provider.ts";

const SEVERITIES = {
  debug: messages.LogSeverity.DEBUG,
  info: messages.LogSeverity.INFO,
  warning: messages.LogSeverity.WARNING,
  error: messages.LogSeverity.ERROR,
} as const satisfies Record<Severity, messages.LogSeverity>;

/** Time after which a message that the engine doesn't take is given up, so that nothing waits for a dead engine. */
const DELIVERY_MILLISECONDS = 5_000;

/** Sends messages to the engine, which shows them with the resource they belong to. */
export class EngineLog {
  #client: services.EngineClient | undefined;
  readonly #underway = new Set<Promise<void>>();

  /** Called with the engine's address when it attaches. */
  connect(address: string): void {
    this.#client ??= new services.EngineClient(address, grpc.credentials.createInsecure());
  }

  /**
   * Sends a message. Ephemeral ones are a status: shown while the operation runs and not kept.
   * A message that can't be delivered is dropped: the engine is gone, and with it whoever would read it.
   */
  write(severity: Severity, message: string, urn: string, ephemeral: boolean): void {
    const client = this.#client;
    if (client === undefined) return;
    const request = new messages.LogRequest();
    request.setSeverity(SEVERITIES[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    const delivery = new Promise<void>((resolve) => {
      client.log(request, new grpc.Metadata(), { deadline: Date.now() + DELIVERY_MILLISECONDS }, () => {
        resolve();
      });
    }).finally(() => this.#underway.delete(delivery));
    this.#underway.add(delivery);
  }

  /** Resolves when every message so far has been delivered: an answer must not overtake the messages that explain it. */
  async flush(): Promise<void> {
    await Promise.all(this.#underway);
  }

  close(): void {
    this.#client?.close();
    this.#client = undefined;
  }
}
