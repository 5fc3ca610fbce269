import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { at, isObject, textAt } from "./values.ts";
import type { PlainObject } from "./values.ts";

/** A resource a program registered. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** URN as the engine makes it. */
  readonly urn: string;
  /** Inputs as plain data; what the engine would not know yet is absent. */
  readonly inputs: PlainObject;
  /** Names of the inputs that are secret. */
  readonly secretInputs: readonly string[];
  /** Reference of its provider; empty for components and default providers. */
  readonly provider: string;
  /** Names of the resources it waits for, besides those its inputs come from. */
  readonly dependsOn: readonly string[];
  readonly options: pulumi.ResourceOptions;
}

/** What a run registered and said. */
export interface Recording {
  /** By URN. */
  readonly resources: readonly Registration[];
  readonly warnings: readonly string[];
  readonly outputs: PlainObject;
  /** Names of the outputs that are secret. */
  readonly secretOutputs: readonly string[];
  /** What ended the program, if something did. */
  readonly error: unknown;
}

/** How a program is run. */
export interface RunOptions {
  readonly preview?: boolean;
  readonly stack?: string;
  /** Configuration below `vllm-stack:`; objects become JSON, as the engine does it. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Outputs of other stacks by the stack's name; those called `kubeconfig` are secret. */
  readonly stackOutputs?: Readonly<Record<string, PlainObject>>;
}

/** What the program's resources were constructed with. */
type Graph = Map<pulumi.Resource, pulumi.ResourceTransformationArgs>;

const OUTPUTS = "test:support:Outputs";

/** Registers a program's outputs like inputs of a resource, which tells what is known and what is secret. */
class RecordedOutputs extends pulumi.CustomResource {
  constructor(outputs: pulumi.Inputs) {
    super(OUTPUTS, "outputs", outputs);
  }
}

/**
 * Runs a program as the engine would, with every provider answering at once: resources get their inputs back, random
 * ones a value derived from name and keepers, and in previews nothing that isn't known before `up`.
 * It ends when everything is registered.
 */
export async function record(program: () => unknown, options: RunOptions = {}): Promise<Recording> {
  const { preview = false, stack = "test" } = options;
  const seen: pulumi.runtime.MockResourceArgs[] = [];
  const graph: Graph = new Map();
  const config = Object.entries(options.config ?? {}).map(([key, value]) => [
    `vllm-stack:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  pulumi.runtime.setAllConfig(Object.fromEntries(config) as Record<string, string>);
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        if (args.type !== "pulumi:pulumi:Stack") seen.push(args);
        return { id: preview ? undefined : `${args.name}-id`, state: stateOf(args, options) };
      },
      call: ({ token }) => {
        throw new Error(`${token}: programs ask providers nothing`);
      },
    },
    "vllm-stack",
    stack,
    preview,
    "acme",
  );
  const { warnings, error } = await listening(() => runInStack(program, graph));
  const registrations = seen.map((args) => registrationOf(args, stack, graph)).sort((a, b) => (a.urn < b.urn ? -1 : 1));
  const outputs = registrations.find(({ type }) => type === OUTPUTS);
  return {
    resources: registrations.filter(({ type }) => type !== OUTPUTS),
    warnings,
    outputs: outputs?.inputs ?? {},
    secretOutputs: outputs?.secretInputs ?? [],
    error: error ?? unregistered(graph, seen),
  };
}

/** An input that fails keeps its resource from being registered, and says so nowhere. */
function unregistered(graph: Graph, seen: readonly pulumi.runtime.MockResourceArgs[]): Error | undefined {
  const names = new Set(seen.map(({ type, name }) => `${type} ${name}`));
  const lost = [...graph.values()].map(({ type, name }) => `${type} ${name}`).filter((name) => !names.has(name));
  return lost.length === 0 ? undefined : new Error(`never registered: ${lost.join(", ")}`);
}

/** The registrations of a type, by name. */
export function ofType(recording: Recording, type: string): Registration[] {
  return recording.resources.filter((resource) => resource.type === type);
}

/** The only Kubernetes object of a kind with this metadata.name, for example `the(run, "apps/v1:Deployment", "front")`. */
export function the(recording: Recording, kind: string, name: string): Registration {
  const found = ofType(recording, `kubernetes:${kind}`).filter(({ inputs }) => at(inputs, "metadata", "name") === name);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name}`);
  return only;
}

async function runInStack(program: () => unknown, graph: Graph): Promise<unknown> {
  try {
    await pulumi.runtime.runInPulumiStack(async () => {
      pulumi.runtime.registerStackTransformation((args) => {
        graph.set(args.resource, args);
        return undefined;
      });
      const outputs = await program();
      if (isObject(outputs)) new RecordedOutputs({ ...outputs });
      return {};
    });
    await pulumi.runtime.disconnect();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Collects warnings, which go to the console where there is no engine. */
async function listening(run: () => Promise<unknown>): Promise<{ warnings: string[]; error: unknown }> {
  const warnings: string[] = [];
  const original = console.warn;
  console.warn = (text: unknown) => {
    warnings.push(String(text).replace(/^warning: \[runtime\] /, ""));
  };
  try {
    return { error: await run(), warnings };
  } finally {
    console.warn = original;
  }
}

function stateOf(args: pulumi.runtime.MockResourceArgs, options: RunOptions): Record<string, unknown> {
  const inputs = args.inputs as Record<string, unknown>;
  switch (args.type) {
    case "pulumi:pulumi:StackReference": {
      const outputs = options.stackOutputs?.[textAt(inputs, "name")] ?? {};
      return { ...inputs, outputs, secretOutputNames: Object.keys(outputs).filter((name) => name === "kubeconfig") };
    }
    case "random:index/randomPassword:RandomPassword":
      return options.preview === true ? inputs : { ...inputs, result: generatedPassword(args.name) };
    case "random:index/randomId:RandomId":
      return options.preview === true ? inputs : { ...inputs, hex: hexOf(args.name, inputs.keepers) };
    default:
      return inputs;
  }
}

/** What a generated password is in these runs. */
export function generatedPassword(name: string): string {
  return `generated-${name}`;
}

function hexOf(name: string, keepers: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify([name, keepers]))
    .digest("hex")
    .slice(0, 16);
}

function registrationOf(args: pulumi.runtime.MockResourceArgs, stack: string, graph: Graph): Registration {
  const inputs = Object.entries(args.inputs as PlainObject);
  const node = [...graph.values()].find(({ type, name }) => type === args.type && name === args.name);
  return {
    type: args.type,
    name: args.name,
    urn: `urn:pulumi:${stack}::vllm-stack::${node === undefined ? args.type : qualifiedType(node, graph)}::${args.name}`,
    inputs: Object.fromEntries(inputs.map(([key, value]) => [key, pulumi.runtime.unwrapRpcSecret(value) as unknown])),
    secretInputs: inputs.filter(([, value]) => pulumi.runtime.isRpcSecret(value)).map(([key]) => key),
    provider: args.provider ?? "",
    dependsOn: dependenciesOf(node?.opts.dependsOn).map((resource) => graph.get(resource)?.name ?? "?"),
    options: node?.opts ?? {},
  };
}

/** The types of a resource and its ancestors below the stack, as they stand in its URN. */
function qualifiedType({ type, opts }: pulumi.ResourceTransformationArgs, graph: Graph): string {
  const parent = opts.parent === undefined ? undefined : graph.get(opts.parent);
  return parent === undefined ? type : `${qualifiedType(parent, graph)}$${type}`;
}

function dependenciesOf(dependsOn: pulumi.ResourceOptions["dependsOn"]): pulumi.Resource[] {
  const listed: readonly unknown[] = Array.isArray(dependsOn) ? dependsOn : [dependsOn];
  return listed.filter((entry) => pulumi.Resource.isInstance(entry));
}
