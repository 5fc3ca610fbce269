import empties from "google-protobuf/google/protobuf/empty_pb.js";
import proto from "@pulumi/pulumi/proto/provider_pb.js";

import { checkAnswer, diffAnswer, initFailed } from "./answers.ts";
import { timeLimit, type CallContext, type ResourceRequest } from "./call-context.ts";
import { compareInputs } from "./compare.ts";
import {
  ProviderError,
  type DiffRequest,
  type ProviderSession,
  type ReadResult,
  type ResourceHandler,
} from "./provider.ts";
import { Secrets } from "./secrets.ts";

/** The engine's requests about resources, on one connection. */
export class ResourceCalls {
  readonly #context: CallContext;
  readonly #session: ProviderSession;

  constructor(context: CallContext, session: ProviderSession) {
    this.#context = context;
    this.#session = session;
  }

  async check(request: proto.CheckRequest, signal: AbortSignal): Promise<proto.CheckResponse> {
    const handler = this.#handler(request);
    const olds = this.#context.decode(request.getOlds(), handler);
    const news = this.#context.decode(request.getNews(), handler);
    const operation = {
      ...this.#context.operation(request, new Secrets().addAll(olds.secrets, news.secrets), signal),
      inputs: news.properties,
      oldInputs: olds.properties,
      randomSeed: request.getRandomseed_asU8(),
    };
    return await this.#context.run("check", operation, async () => {
      const result = (await handler.check?.(operation)) ?? { inputs: news.properties };
      return checkAnswer(result, this.#context.marked(result.inputs, news.secrets, handler));
    });
  }

  async diff(request: proto.DiffRequest, signal: AbortSignal): Promise<proto.DiffResponse> {
    const handler = this.#handler(request);
    const { operation } = this.#difference(request, handler, signal);
    return await this.#context.run("diff", operation, async () => {
      const result = await handler.diff?.(operation);
      return diffAnswer(result ?? compareInputs(handler, operation.oldInputs, operation.inputs));
    });
  }

  async create(request: proto.CreateRequest, signal: AbortSignal): Promise<proto.CreateResponse> {
    const handler = this.#handler(request);
    const { properties: inputs, secrets } = this.#context.decode(request.getProperties(), handler);
    const operation = {
      ...this.#context.operation(request, secrets, signal),
      inputs,
      timeoutSeconds: timeLimit(request.getTimeout()),
    };
    return await this.#context.run("create", operation, async () => {
      const answer = new proto.CreateResponse();
      if (request.getPreview()) {
        const outputs = (await handler.previewCreate?.(operation)) ?? inputs;
        answer.setProperties(this.#context.encode(outputs, secrets, handler));
        return answer;
      }
      const result = { inputs, ...(await handler.create(operation)) };
      this.#refuseUnready(result, secrets, handler);
      answer.setId(result.id);
      answer.setProperties(this.#context.encode(result.outputs, secrets, handler));
      return answer;
    });
  }

  async read(request: proto.ReadRequest, signal: AbortSignal): Promise<proto.ReadResponse> {
    const handler = this.#handler(request);
    const olds = this.#context.decode(request.getInputs(), handler);
    const state = this.#context.decode(request.getProperties(), handler);
    const secrets = new Secrets().addAll(olds.secrets, state.secrets);
    const kept = { id: request.getId(), inputs: olds.properties, outputs: state.properties };
    const operation = { ...this.#context.operation(request, secrets, signal), ...kept };
    return await this.#context.run("read", operation, async () => {
      const result = handler.read === undefined ? kept : await handler.read(operation);
      const answer = new proto.ReadResponse();
      // An answer without an id says that the resource is gone.
      if (result === undefined) return answer;
      this.#refuseUnready(result, secrets, handler);
      answer.setId(result.id);
      answer.setInputs(this.#context.encode(result.inputs, secrets, handler));
      answer.setProperties(this.#context.encode(result.outputs, secrets, handler));
      return answer;
    });
  }

  async update(request: proto.UpdateRequest, signal: AbortSignal): Promise<proto.UpdateResponse> {
    const handler = this.#handler(request);
    const { operation: difference, secrets } = this.#difference(request, handler, signal);
    const operation = { ...difference, timeoutSeconds: timeLimit(request.getTimeout()) };
    return await this.#context.run("update", operation, async () => {
      const merged = { ...operation.oldOutputs, ...operation.inputs };
      const answer = new proto.UpdateResponse();
      if (request.getPreview()) {
        const outputs = (await handler.previewUpdate?.(operation)) ?? merged;
        answer.setProperties(this.#context.encode(outputs, secrets, handler));
        return answer;
      }
      const { outputs, initErrors = [] } = (await handler.update?.(operation)) ?? { outputs: merged };
      this.#refuseUnready({ id: operation.id, inputs: operation.inputs, outputs, initErrors }, secrets, handler);
      answer.setProperties(this.#context.encode(outputs, secrets, handler));
      return answer;
    });
  }

  async delete(request: proto.DeleteRequest, signal: AbortSignal): Promise<empties.Empty> {
    const handler = this.#handler(request);
    const olds = this.#context.decode(request.getOldInputs(), handler);
    const state = this.#context.decode(request.getProperties(), handler);
    const operation = {
      ...this.#context.operation(request, new Secrets().addAll(olds.secrets, state.secrets), signal),
      id: request.getId(),
      inputs: olds.properties,
      outputs: state.properties,
      timeoutSeconds: timeLimit(request.getTimeout()),
    };
    return await this.#context.run("delete", operation, async () => {
      await handler.delete?.(operation);
      return new empties.Empty();
    });
  }

  #handler(request: ResourceRequest): ResourceHandler {
    const handler = this.#session.resource(request.getType());
    if (handler !== undefined) return handler;
    throw new ProviderError(`The simulated ${this.#context.providerName} has no resource type ${request.getType()}.`);
  }

  /** The two sides of a change, and the secrets of the new one. Messages are redacted with those of both. */
  #difference(
    request: proto.DiffRequest | proto.UpdateRequest,
    handler: ResourceHandler,
    signal: AbortSignal,
  ): { operation: DiffRequest; secrets: Secrets } {
    const news = this.#context.decode(request.getNews(), handler);
    const olds = this.#context.decode(request.getOldInputs(), handler);
    const state = this.#context.decode(request.getOlds(), handler);
    const secrets = new Secrets().addAll(news.secrets, olds.secrets, state.secrets);
    const operation = {
      ...this.#context.operation(request, secrets, signal),
      id: request.getId(),
      inputs: news.properties,
      oldInputs: olds.properties,
      oldOutputs: state.properties,
    };
    return { operation, secrets: news.secrets };
  }

  #refuseUnready(result: ReadResult, secrets: Secrets, handler: ResourceHandler): void {
    const { initErrors = [], outputs } = result;
    if (initErrors.length > 0) throw initFailed(result, initErrors, this.#context.marked(outputs, secrets, handler));
  }
}
