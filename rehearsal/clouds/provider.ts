/**
 * What a provider in our own process is made of. `server.ts` speaks the engine's protocol for it, so that a provider is
 * tables and functions over plain values: a resource type is a {@link ResourceHandler}, a data source a function.
 */
import type { Faults } from "./faults.ts";
import type { Secrets } from "./secrets.ts";
import type { Path, Properties } from "./values.ts";

/** A provider package the engine attaches to instead of starting a plugin. */
export interface SimulatedProvider {
  /** Name of the package, the first part of its type tokens: `aws`. */
  readonly name: string;
  /** Version the engine is told; it must satisfy what the SDK asks for, so take it from the SDK's package.json. */
  readonly version: string;
  /** Failures it is told to have; none without. */
  readonly faults?: Faults;
  /** One session per provider resource of a run: the default provider and every `new aws.Provider(…)` connect on their own. */
  connect(context: SessionContext): ProviderSession;
}

/** What a session can do besides answering: both end up in the engine's event stream. */
export interface SessionContext {
  /** Writes a message of the provider as a whole, not of one resource. */
  readonly log: (severity: Severity, message: string) => void;
}

/** One configured provider. Everything but `resource` is optional: what is missing is answered in the usual way. */
export interface ProviderSession {
  /** Checks the provider's own arguments. Default: accepted as they are. */
  checkConfig?(request: CheckRequest): Awaitable<CheckResult>;
  /** Says what changed arguments mean for the provider. Default: any difference is an update, never a replacement. */
  diffConfig?(request: DiffRequest): Awaitable<DiffResult>;
  /** Called once, before the first resource operation, unless the arguments aren't known in a preview. */
  configure?(inputs: Properties): Awaitable<void>;
  /** The handler of a type token, or `undefined` for one the provider doesn't have. */
  resource(type: string): ResourceHandler | undefined;
  /** Answers a data source. */
  invoke?(request: InvokeRequest): Awaitable<Properties>;
  /** Registers a remote component and its children through the given monitor. */
  construct?(request: ConstructRequest): Awaitable<ConstructResult>;
  /** The engine wants to stop: operations under way see it by their signal, this is for anything else. */
  cancel?(): void;
}

/** A resource type. Only `create` is needed: what has no other answer is compared, kept or forgotten by the defaults. */
export interface ResourceHandler {
  /** Top-level properties that are secret whatever the program says. */
  readonly secretProperties?: readonly string[];
  /** Top-level inputs whose change replaces the resource, for handlers without their own `diff`. */
  readonly replaceOn?: readonly string[];
  /** Whether the old resource goes before its replacement comes, for handlers without their own `diff`. */
  readonly deleteBeforeReplace?: boolean;
  /** Validates and completes the inputs. May be asked in previews with unknown values. Default: accepted as they are. */
  check?(request: CheckRequest): Awaitable<CheckResult>;
  /** Compares old and new inputs. Default: structurally, with `replaceOn`. */
  diff?(request: DiffRequest): Awaitable<DiffResult>;
  /** Makes the resource. Never called in a preview. */
  create(request: CreateRequest): Awaitable<CreateResult>;
  /** What a preview can say about the outputs of a new resource. Default: the inputs; every other output is unknown. */
  previewCreate?(request: CreateRequest): Awaitable<Properties>;
  /** What exists now, or `undefined` if it is gone. Default: what the state says. */
  read?(request: ReadRequest): Awaitable<ReadResult | undefined>;
  /** Changes the resource in place. Never called in a preview. Default: the inputs over the old outputs. */
  update?(request: UpdateRequest): Awaitable<UpdateResult>;
  /** What a preview can say about the outputs after an update. Default: the inputs over the old outputs. */
  previewUpdate?(request: UpdateRequest): Awaitable<Properties>;
  /** Removes the resource; one that is gone already is a success. Default: nothing to do. */
  delete?(request: DeleteRequest): Awaitable<void>;
}

/** Answers may take time, but needn't. */
export type Awaitable<T> = T | Promise<T>;
/** How serious a message is. Debugging messages are shown nowhere. */
export type Severity = "debug" | "info" | "warning" | "error";

/** What every operation on a resource knows. */
export interface Operation {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** Aborted when the engine cancels or goes away; whoever waits must listen. */
  readonly signal: AbortSignal;
  /** Secrets among the properties of this operation; messages are redacted with them before they leave the process. */
  readonly secrets: Secrets;
  /** Writes a message that stays. */
  readonly log: (severity: Severity, message: string) => void;
  /** Shows what is being waited for; the next status replaces it. */
  readonly status: (message: string) => void;
}

/** A request to validate and complete inputs. */
export interface CheckRequest extends Operation {
  readonly inputs: Properties;
  /** Inputs of the last run; empty for a new resource. */
  readonly oldInputs: Properties;
  /** Bytes that are the same for preview and update of one run, for generated names. */
  readonly randomSeed: Uint8Array;
}

/** Completed inputs; with failures the engine stops. */
export interface CheckResult {
  readonly inputs: Properties;
  readonly failures?: readonly CheckFailure[];
}

/** One thing wrong with the inputs. */
export interface CheckFailure {
  readonly path: Path;
  readonly reason: string;
}

/** A request to compare what is with what shall be. */
export interface DiffRequest extends Operation {
  readonly id: string;
  readonly oldInputs: Properties;
  readonly oldOutputs: Properties;
  readonly inputs: Properties;
}

/** What differs; nothing if there is nothing to do. */
export interface DiffResult {
  readonly differences: readonly Difference[];
  /** Whether a replacement deletes first, as for objects with fixed names. */
  readonly deleteBeforeReplace?: boolean;
}

/** One property that differs. */
export interface Difference {
  readonly path: Path;
  readonly kind: "add" | "delete" | "update";
  /** Whether it can't be changed in place. */
  readonly replaces: boolean;
}

/** A request to make a resource. */
export interface CreateRequest extends Operation {
  readonly inputs: Properties;
  /** Time limit by `customTimeouts`, if the program set one. */
  readonly timeoutSeconds: number | undefined;
}

/** What was made. */
export interface CreateResult {
  readonly id: string;
  readonly outputs: Properties;
  /** Why the resource exists but isn't usable; the engine keeps it and tries an update the next time. */
  readonly initErrors?: readonly string[];
}

/** A request to look up what exists, for refreshes and imports. */
export interface ReadRequest extends Operation {
  readonly id: string;
  /** Inputs of the last run; empty for an import. */
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** What exists; the inputs are those that would make it. */
export interface ReadResult extends CreateResult {
  readonly inputs: Properties;
}

/** A request to change a resource in place. */
export interface UpdateRequest extends DiffRequest {
  readonly timeoutSeconds: number | undefined;
}

/** What the resource is after the change. */
export type UpdateResult = Omit<CreateResult, "id">;

/** A request to remove a resource. */
export interface DeleteRequest extends Operation {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  readonly timeoutSeconds: number | undefined;
}

/** A question to a data source. */
export interface InvokeRequest {
  readonly token: string;
  readonly args: Properties;
  readonly preview: boolean;
  readonly signal: AbortSignal;
}

/** A request to construct a remote component. */
export interface ConstructRequest extends Omit<Operation, "urn"> {
  readonly inputs: Properties;
  readonly project: string;
  readonly stack: string;
  readonly preview: boolean;
  /** URN of the parent, or an empty text. */
  readonly parent: string;
  /** Address of the engine's resource monitor, with which the component and its children are registered. */
  readonly monitor: string;
  /** Provider references by package name, to be handed to children. */
  readonly providers: Readonly<Record<string, string>>;
}

/** A component that was registered. */
export interface ConstructResult {
  readonly urn: string;
  readonly outputs: Properties;
  /** Top-level outputs that are secret. */
  readonly secretOutputs?: readonly string[];
}

/**
 * A refusal or failure a cloud would answer with: its message is shown as it is.
 * Any other exception is a defect of the provider and is reported as one.
 */
export class ProviderError extends Error {
  override readonly name = "ProviderError";
}
