import { Faults } from "./faults.ts";
import type {
  Awaitable,
  ConstructRequest,
  ConstructResult,
  InvokeRequest,
  ProviderSession,
  ResourceHandler,
  SimulatedProvider,
} from "./provider.ts";
import { ProviderError } from "./provider.ts";
import type { Properties } from "./values.ts";

/** A provider made of tables; see {@link simulatedProvider}. */
export interface ProviderTables {
  /** Name of the package: `aws`. */
  readonly name: string;
  /** Version of the SDK it answers. */
  readonly version: string;
  /** Handlers by type token. */
  readonly resources: Readonly<Record<string, ResourceHandler>>;
  /** Data sources by token. */
  readonly invokes?: Readonly<Record<string, (args: Properties, request: InvokeRequest) => Awaitable<Properties>>>;
  /** Remote components by type token. */
  readonly components?: Readonly<Record<string, (request: ConstructRequest) => Awaitable<ConstructResult>>>;
  /** Checks the provider's arguments before first use; throws {@link ProviderError}. */
  readonly configure?: (inputs: Properties) => Awaitable<void>;
}

/** A provider whose operations can be made to fail while it runs. */
export interface FaultyProvider extends SimulatedProvider {
  readonly faults: Faults;
}

/**
 * A provider of resource types, data sources and components in tables. All its sessions share one world: what one
 * `new aws.Provider(…)` makes, another one sees.
 */
export function simulatedProvider(tables: ProviderTables): FaultyProvider {
  const { name, version, resources, invokes = {}, components = {}, configure } = tables;
  const session: ProviderSession = {
    ...(configure === undefined ? {} : { configure }),
    resource: (type) => own(resources, type),
    invoke: (request) => {
      const answer = own(invokes, request.token);
      if (answer === undefined) throw new ProviderError(`The simulated ${name} has no data source ${request.token}.`);
      return answer(request.args, request);
    },
    construct: (request) => {
      const build = own(components, request.type);
      if (build === undefined) throw new ProviderError(`The simulated ${name} has no component ${request.type}.`);
      return build(request);
    },
  };
  return { name, version, faults: new Faults(), connect: () => session };
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
