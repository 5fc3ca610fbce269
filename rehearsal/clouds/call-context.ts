import type structs from "google-protobuf/google/protobuf/struct_pb.js";

import { AnswerError } from "./answers.ts";
import type { EngineLog } from "./engine-log.ts";
import { Faults, type FaultyOperation } from "./faults.ts";
import { ProviderError, type Operation, type ResourceHandler, type SimulatedProvider } from "./provider.ts";
import { Secrets } from "./secrets.ts";
import { decodeStruct, encodeStruct, type Decoded } from "./structs.ts";
import type { Properties } from "./values.ts";

/** What the requests about one resource have in common. */
export interface ResourceRequest {
  getUrn(): string;
  getType(): string;
  getName(): string;
}

/** What all calls of one connection share: messages to the engine, secrets, faults and the form of errors. */
export class CallContext {
  readonly #provider: SimulatedProvider;
  readonly #log: EngineLog;
  readonly #faults: Faults;

  constructor(provider: SimulatedProvider, log: EngineLog) {
    this.#provider = provider;
    this.#log = log;
    this.#faults = provider.faults ?? new Faults();
  }

  /** Who a message is from. */
  get providerName(): string {
    return this.#provider.name;
  }

  /** What a handler is told about the operation on a resource. */
  operation(request: ResourceRequest, secrets: Secrets, signal: AbortSignal): Operation {
    const urn = request.getUrn();
    return {
      urn,
      type: request.getType(),
      name: request.getName(),
      signal,
      secrets,
      log: (severity, message) => {
        this.#log.write(severity, secrets.redact(message), urn, false);
      },
      status: (message) => {
        this.#log.write("info", secrets.redact(message), urn, true);
      },
    };
  }

  /** Decodes properties of a request, with what is secret by the nature of the resource. */
  decode(struct: structs.Struct | undefined, handler: ResourceHandler): Decoded {
    const decoded = decodeStruct(struct);
    decoded.secrets.addProperties(handler.secretProperties ?? [], decoded.properties);
    return decoded;
  }

  /** Encodes properties of an answer, with what is secret by the nature of the resource. */
  encode(properties: Properties, secrets: Secrets, handler: ResourceHandler): structs.Struct {
    return encodeStruct(properties, this.marked(properties, secrets, handler));
  }

  /** The secrets of a request and those among the outputs. */
  marked(outputs: Properties, secrets: Secrets, handler: ResourceHandler): Secrets {
    const marked = new Secrets().addAll(secrets);
    marked.addProperties(handler.secretProperties ?? [], outputs);
    return marked;
  }

  /**
   * Does the work of an operation: faults strike, messages arrive before the answer, and whatever is thrown leaves
   * as an error for people, without secrets.
   */
  async run<T>(on: FaultyOperation, operation: Omit<Operation, "urn">, work: () => Promise<T>): Promise<T> {
    const { type, name, signal, secrets } = operation;
    try {
      return await this.#faults.around({ on, type, name, signal }, work);
    } catch (error) {
      throw error instanceof AnswerError ? error : new AnswerError(secrets.redact(this.#explain(on, type, error)));
    } finally {
      await this.#log.flush();
    }
  }

  #explain(on: FaultyOperation, type: string, error: unknown): string {
    if (error instanceof ProviderError) return error.message;
    if (error instanceof Error && error.name === "AbortError") return "The run was cancelled.";
    const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `Defect in the rehearsal's ${this.#provider.name} provider, ${on} of ${type}: ${details}`;
  }
}

/** A time limit of the protocol, where 0 says that there is none. */
export function timeLimit(seconds: number): number | undefined {
  return seconds > 0 ? seconds : undefined;
}
