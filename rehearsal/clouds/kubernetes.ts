import { createHash } from "node:crypto";
import path from "node:path";

import { driftedInputs } from "../kubernetes-provider/drift.ts";
import { isImmutable, mutableKinds, type MutableKinds } from "../kubernetes-provider/immutable.ts";
import { isUsuallyNamespaced, kindOf, kindOfToken, RELEASE } from "../kubernetes-provider/kinds.ts";
import { complete, idOf, splitId } from "../kubernetes-provider/naming.ts";
import { releaseHandler } from "../kubernetes-provider/release.ts";
import { compare } from "./compare.ts";
import { Faults } from "./faults.ts";
import { SimulatedCluster } from "./kubernetes-objects.ts";
import type { ProviderSession, ResourceHandler } from "./provider.ts";
import { sdkVersion } from "./sdk-version.ts";
import type { FaultyProvider } from "./tables.ts";
import { textAt, UNKNOWN, withValueAt, type Path, type Properties } from "./values.ts";

/** Options of {@link simulatedKubernetes}. */
export interface SimulatedKubernetesOptions {
  /** Folder in which clusters are kept, so that they outlive the process. @default only in memory */
  readonly stateDir?: string;
}

/** A kubernetes provider without Kubernetes. */
export interface SimulatedKubernetes extends FaultyProvider {
  /** The cluster of a provider: by its `clusterIdentifier`, else by kubeconfig and context; without arguments the default one. */
  cluster(identifier?: string): SimulatedCluster;
}

/**
 * The kubernetes provider with objects in memory: it keeps what it is given, refuses duplicates and missing namespaces,
 * replaces where Kubernetes would, and fills in what controllers would. It doesn't validate fields; a real API server does.
 */
export function simulatedKubernetes(options: SimulatedKubernetesOptions = {}): SimulatedKubernetes {
  const clusters = new Map<string, SimulatedCluster>();
  const cluster = (identifier = "default"): SimulatedCluster => {
    const known = clusters.get(identifier);
    if (known !== undefined) return known;
    const { stateDir } = options;
    const made = new SimulatedCluster(
      stateDir === undefined ? undefined : path.join(stateDir, `${digest(identifier)}.json`),
    );
    clusters.set(identifier, made);
    return made;
  };
  return {
    name: "kubernetes",
    version: kubernetesVersion(),
    faults: new Faults(),
    cluster,
    connect: () => session(cluster),
  };
}

/** Version of the installed `@pulumi/kubernetes`, which its resources ask the provider for. */
export function kubernetesVersion(): string {
  return sdkVersion("@pulumi/kubernetes");
}

/** What a provider's arguments say. */
interface Connected {
  cluster: SimulatedCluster;
  defaultNamespace: string;
  mutable: MutableKinds;
}

function session(clusterOf: (identifier?: string) => SimulatedCluster): ProviderSession {
  const connected: Connected = { cluster: clusterOf(), defaultNamespace: "default", mutable: new Set() };
  return {
    diffConfig: ({ oldInputs, inputs }) => ({
      differences: compare(oldInputs, inputs, (changed) => replacesCluster(changed, oldInputs, inputs)),
    }),
    configure: (inputs) => {
      const { clusterIdentifier, kubeconfig, context, namespace } = inputs;
      connected.mutable = mutableKinds(inputs);
      if (typeof namespace === "string") connected.defaultNamespace = namespace;
      if (typeof clusterIdentifier === "string") connected.cluster = clusterOf(clusterIdentifier);
      else if (kubeconfig !== undefined || context !== undefined) {
        connected.cluster = clusterOf(digest(JSON.stringify([kubeconfig, context])));
      }
    },
    resource: (type) => {
      if (type === RELEASE) return releaseHandler;
      return kindOfToken(type) === undefined ? undefined : objectHandler(connected, type);
    },
  };
}

/** With an identifier only that says whether it is another cluster; without, anything the cluster is found by. */
function replacesCluster(changed: Path, before: Properties, after: Properties): boolean {
  if (typeof before.clusterIdentifier === "string" && typeof after.clusterIdentifier === "string") {
    return changed[0] === "clusterIdentifier";
  }
  return changed[0] === "kubeconfig" || changed[0] === "context" || changed[0] === "clusterIdentifier";
}

function objectHandler(connected: Connected, type: string): ResourceHandler {
  return {
    ...(type === "kubernetes:core/v1:Secret" ? { secretProperties: ["data", "stringData"] } : {}),
    check: (request) => {
      const kind = kindOf(type, request.inputs);
      return complete(request, kind, {
        namespaced: isUsuallyNamespaced(kind),
        defaultNamespace: connected.defaultNamespace,
      });
    },
    diff: ({ oldInputs, inputs }) => {
      const kind = kindOf(type, inputs);
      return {
        differences: compare(oldInputs, inputs, (changed) => isImmutable(kind, changed, oldInputs, connected.mutable)),
        // Two objects can't have the same name, not even while one replaces the other.
        deleteBeforeReplace: idOf(oldInputs) === idOf(inputs),
      };
    },
    previewCreate: ({ inputs }) => {
      const outputs = withValueAt(inputs, ["metadata", "uid"], UNKNOWN);
      const assigned = outputs.kind === "Service" && textAt(outputs, "spec", "clusterIP") === undefined;
      return assigned ? withValueAt(outputs, ["spec", "clusterIP"], UNKNOWN) : outputs;
    },
    create: ({ urn, inputs }) => {
      const outputs = connected.cluster.create(urn, withoutStatus(inputs));
      return { id: idOf(outputs), outputs };
    },
    update: ({ urn, inputs }) => ({ outputs: connected.cluster.update(urn, withoutStatus(inputs)) }),
    read: ({ id, inputs }) => {
      const wanted = { ...kindOf(type, inputs), metadata: splitId(id) };
      const live = connected.cluster.find(wanted);
      if (live === undefined) return undefined;
      const imported = Object.keys(inputs).length === 0;
      return { id, outputs: live, inputs: imported ? withoutStatus(live) : driftedInputs(inputs, inputs, live) };
    },
    delete: ({ id, inputs }) => {
      connected.cluster.remove({ ...kindOf(type, inputs), metadata: splitId(id) });
    },
  };
}

function withoutStatus(object: Properties): Properties {
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== "status"));
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
