import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";

import type { ConstructRequest } from "./provider.ts";
import { decodeStruct, encodeStruct } from "./structs.ts";
import type { Properties } from "./values.ts";

/** A resource as the engine registered it. */
export interface Registered {
  readonly urn: string;
  /** Empty in previews and for components. */
  readonly id: string;
  readonly outputs: Properties;
}

/** How a child of a component is registered. */
export interface ChildOptions {
  /** URN of the parent: the component's, or another child's. */
  readonly parent: string;
  /** Provider reference, `urn::id`; see {@link ConstructRequest.providers}. @default the default provider of its package */
  readonly provider?: string;
  /** Version of the package, as its SDK would ask for. Without one the engine finds another default provider in each run. */
  readonly version: string;
  readonly dependencies?: readonly string[];
}

/**
 * Registers a remote component and its children with the engine, as a provider that constructs components must.
 * Begin with `component`, register children with it as parent, end with `finish`, and return what `finish` returns.
 */
export class ComponentRegistrar {
  readonly #request: ConstructRequest;
  readonly #client: services.ResourceMonitorClient;

  constructor(request: ConstructRequest) {
    this.#request = request;
    this.#client = new services.ResourceMonitorClient(request.monitor, grpc.credentials.createInsecure());
  }

  /** Registers the component itself. */
  async component(): Promise<Registered> {
    const { type, name, parent, inputs } = this.#request;
    return await this.#register(type, name, inputs, { parent, version: "" }, false);
  }

  /** Registers a resource inside it, made by whichever provider has the type. */
  async child(type: string, name: string, inputs: Properties, options: ChildOptions): Promise<Registered> {
    return await this.#register(type, name, inputs, options, true);
  }

  /** Registers the component's outputs and closes the connection. */
  async finish(urn: string, outputs: Properties): Promise<{ readonly urn: string; readonly outputs: Properties }> {
    const request = new messages.RegisterResourceOutputsRequest();
    request.setUrn(urn);
    request.setOutputs(encodeStruct(outputs, this.#request.secrets));
    await new Promise<void>((resolve, reject) => {
      this.#client.registerResourceOutputs(request, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.#client.close();
    return { urn, outputs };
  }

  async #register(
    type: string,
    name: string,
    inputs: Properties,
    { parent, provider = "", version, dependencies = [] }: ChildOptions,
    custom: boolean,
  ): Promise<Registered> {
    const request = new messages.RegisterResourceRequest();
    request.setType(type);
    request.setName(name);
    request.setCustom(custom);
    request.setParent(parent);
    request.setProvider(provider);
    request.setVersion(version);
    request.setDependenciesList([...dependencies]);
    request.setObject(encodeStruct(inputs, this.#request.secrets));
    request.setAcceptsecrets(true);
    request.setSupportsresultreporting(true);
    const answer = await new Promise<messages.RegisterResourceResponse>((resolve, reject) => {
      this.#client.registerResource(request, (error, response) => {
        if (error === null) resolve(response);
        else reject(error);
      });
    });
    const { properties, secrets } = decodeStruct(answer.getObject());
    this.#request.secrets.addAll(secrets);
    return { urn: answer.getUrn(), id: answer.getId(), outputs: properties };
  }
}
