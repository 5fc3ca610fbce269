import proto from "@pulumi/pulumi/proto/provider_pb.js";

import { checkAnswer, diffAnswer } from "./answers.ts";
import type { CallContext, ResourceRequest } from "./call-context.ts";
import { compareInputs } from "./compare.ts";
import { ProviderError, type ProviderSession, type ResourceHandler } from "./provider.ts";
import { decodeStruct, encodeStruct } from "./structs.ts";

/** Stands in where a provider's own arguments are handled like those of a resource. */
const PROVIDER_ITSELF: ResourceHandler = {
  create: () => {
    throw new ProviderError("Providers are made by the engine.");
  },
};

/** The engine's requests about the provider as a whole, its data sources and its remote components, on one connection. */
export class ProviderCalls {
  readonly #context: CallContext;
  readonly #session: ProviderSession;

  constructor(context: CallContext, session: ProviderSession) {
    this.#context = context;
    this.#session = session;
  }

  async checkConfig(request: proto.CheckRequest, signal: AbortSignal): Promise<proto.CheckResponse> {
    const { properties: oldInputs } = this.#context.decode(request.getOlds(), PROVIDER_ITSELF);
    const { properties: inputs, secrets } = this.#context.decode(request.getNews(), PROVIDER_ITSELF);
    const operation = {
      ...this.#context.operation(request, secrets, signal),
      inputs,
      oldInputs,
      randomSeed: new Uint8Array(),
    };
    return await this.#context.run("check", operation, async () =>
      checkAnswer((await this.#session.checkConfig?.(operation)) ?? { inputs }, secrets),
    );
  }

  async diffConfig(request: proto.DiffRequest, signal: AbortSignal): Promise<proto.DiffResponse> {
    const { properties: inputs, secrets } = decodeStruct(request.getNews());
    const { properties: oldInputs } = decodeStruct(request.getOldInputs());
    const { properties: oldOutputs } = decodeStruct(request.getOlds());
    const operation = {
      ...this.#context.operation(request, secrets, signal),
      id: request.getId(),
      inputs,
      oldInputs,
      oldOutputs,
    };
    return await this.#context.run("diff", operation, async () => {
      const result = await this.#session.diffConfig?.(operation);
      return diffAnswer(result ?? compareInputs(PROVIDER_ITSELF, oldInputs, inputs));
    });
  }

  async configure(request: proto.ConfigureRequest, signal: AbortSignal): Promise<proto.ConfigureResponse> {
    const { properties, secrets } = decodeStruct(request.getArgs());
    const about = named(request.getUrn() ?? "", request.getType() ?? "", request.getName() ?? "");
    return await this.#context.run("configure", this.#context.operation(about, secrets, signal), async () => {
      await this.#session.configure?.(properties);
      const answer = new proto.ConfigureResponse();
      answer.setAcceptsecrets(true);
      answer.setAcceptoutputs(true);
      answer.setSupportspreview(true);
      return answer;
    });
  }

  async invoke(request: proto.InvokeRequest, signal: AbortSignal): Promise<proto.InvokeResponse> {
    const token = request.getTok();
    const { properties: args, secrets } = decodeStruct(request.getArgs());
    const operation = this.#context.operation(named("", token, ""), secrets, signal);
    return await this.#context.run("invoke", operation, async () => {
      const result = await this.#session.invoke?.({ token, args, preview: request.getPreview(), signal });
      if (result === undefined) throw this.#missing("data source", token);
      const answer = new proto.InvokeResponse();
      answer.setReturn(encodeStruct(result, secrets));
      return answer;
    });
  }

  async construct(request: proto.ConstructRequest, signal: AbortSignal): Promise<proto.ConstructResponse> {
    const type = request.getType();
    const { properties: inputs, secrets } = decodeStruct(request.getInputs());
    const operation = {
      ...this.#context.operation(named("", type, request.getName()), secrets, signal),
      inputs,
      project: request.getProject(),
      stack: request.getStack(),
      preview: request.getDryrun(),
      parent: request.getParent(),
      monitor: request.getMonitorendpoint(),
      providers: Object.fromEntries(request.getProvidersMap().toArray()),
    };
    return await this.#context.run("construct", operation, async () => {
      const result = await this.#session.construct?.(operation);
      if (result === undefined) throw this.#missing("component", type);
      secrets.addProperties(result.secretOutputs ?? [], result.outputs);
      const answer = new proto.ConstructResponse();
      answer.setUrn(result.urn);
      answer.setState(encodeStruct(result.outputs, secrets));
      return answer;
    });
  }

  #missing(what: string, token: string): ProviderError {
    return new ProviderError(`The simulated ${this.#context.providerName} has no ${what} ${token}.`);
  }
}

function named(urn: string, type: string, name: string): ResourceRequest {
  return { getUrn: () => urn, getType: () => type, getName: () => name };
}
