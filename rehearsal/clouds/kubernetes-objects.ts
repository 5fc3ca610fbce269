import { randomUUID } from "node:crypto";

import { groupOf, isUsuallyNamespaced, type Kind } from "../kubernetes-provider/kinds.ts";
import { describeObject } from "../kubernetes-provider/naming.ts";
import { ProviderError } from "./provider.ts";
import { Store } from "./store.ts";
import { isProperties, listAt, numberAt, propertiesAt, sameValue, textAt, type Properties } from "./values.ts";

/** Namespaces every cluster begins with. */
const INITIAL_NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];

/** An object with the resource of the program that made it; `undefined` for objects made by others. */
interface Entry {
  readonly [name: string]: Properties | string;
  readonly owner: string;
  readonly object: Properties;
}

/** The objects of one simulated cluster. */
export class SimulatedCluster {
  readonly #entries: Store<Entry>;

  /** @param file where the objects are kept. @default only in memory */
  constructor(file?: string) {
    this.#entries = new Store(parseEntry, file);
    for (const name of INITIAL_NAMESPACES) {
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
      if (this.find(namespace) === undefined) this.put(namespace);
    }
  }

  /** Every object, without the namespaces every cluster begins with. */
  objects(): readonly Properties[] {
    const objects = this.#entries.entries().map(([, { object }]) => object);
    return objects.filter(
      (object) => object.kind !== "Namespace" || !INITIAL_NAMESPACES.includes(textAt(object, "metadata", "name") ?? ""),
    );
  }

  /** The object of the same group, kind, namespace and name. */
  find(object: Properties): Properties | undefined {
    return this.#entries.get(keyOf(object))?.object;
  }

  /** Makes or replaces an object as somebody other than the program would. */
  put(object: Properties): void {
    this.#entries.set(keyOf(object), {
      owner: "",
      object: filled(object, this.find(object), this.#entries.entries().length),
    });
  }

  /**
   * Makes an object for a resource of the program.
   * @throws ProviderError if it exists, unless an interrupted run of the same resource made it, or if its namespace doesn't
   */
  create(owner: string, object: Properties): Properties {
    const key = keyOf(object);
    const existing = this.#entries.get(key);
    const kind = kindIn(object);
    if (existing !== undefined && existing.owner !== owner) {
      throw new ProviderError(
        `${describeObject(kind, object)} exists already. Import it, delete it, or choose another name.`,
      );
    }
    const namespace = textAt(object, "metadata", "namespace");
    if (namespace !== undefined && isUsuallyNamespaced(kind) && !this.#hasNamespace(namespace)) {
      throw new ProviderError(
        `${describeObject(kind, object)}: namespaces "${namespace}" not found. Register the namespace, and let this object depend on it.`,
      );
    }
    return this.#write(owner, object);
  }

  /** Changes an object; one that is gone is made again. */
  update(owner: string, object: Properties): Properties {
    return this.find(object) === undefined ? this.create(owner, object) : this.#write(owner, object);
  }

  /** Removes an object, and with a namespace everything in it. */
  remove(object: Properties): void {
    this.#entries.delete(keyOf(object));
    if (object.kind !== "Namespace") return;
    const name = textAt(object, "metadata", "name");
    for (const [key, entry] of this.#entries.entries()) {
      if (textAt(entry.object, "metadata", "namespace") === name) this.#entries.delete(key);
    }
  }

  #hasNamespace(name: string): boolean {
    return this.find({ apiVersion: "v1", kind: "Namespace", metadata: { name } }) !== undefined;
  }

  #write(owner: string, object: Properties): Properties {
    const made = filled(object, this.find(object), this.#entries.entries().length);
    this.#entries.set(keyOf(object), { owner, object: made });
    return made;
  }
}

function parseEntry(item: unknown): Entry {
  if (isProperties(item) && typeof item.owner === "string" && isProperties(item.object)) {
    return { owner: item.owner, object: item.object };
  }
  throw new Error("The file of the simulated cluster is damaged. Delete it to begin with an empty cluster.");
}

function kindIn(object: Properties): Kind {
  return { apiVersion: textAt(object, "apiVersion") ?? "", kind: textAt(object, "kind") ?? "" };
}

function keyOf(object: Properties): string {
  const { apiVersion, kind } = kindIn(object);
  const { namespace = "", name = "" } = propertiesAt(object, "metadata");
  return [groupOf(apiVersion), kind, namespace, name].map(String).join("/");
}

/** The object as a cluster would return it: identity, generation, and the status its controllers would give it. */
function filled(object: Properties, existing: Properties | undefined, ordinal: number): Properties {
  const spec = propertiesAt(object, "spec");
  const generation = numberAt(existing, "metadata", "generation") ?? 0;
  const changed = existing === undefined || !sameValue(existing.spec, object.spec);
  const metadata = {
    ...propertiesAt(object, "metadata"),
    uid: textAt(existing, "metadata", "uid") ?? randomUUID(),
    resourceVersion: String(Number(textAt(existing, "metadata", "resourceVersion") ?? "0") + 1),
    generation: changed ? generation + 1 : generation,
    creationTimestamp: textAt(existing, "metadata", "creationTimestamp") ?? new Date().toISOString(),
  };
  const address = `10.96.${Math.floor(ordinal / 250) % 250}.${(ordinal % 250) + 2}`;
  const status = statusOf(textAt(object, "kind") ?? "", spec, metadata.generation, ordinal);
  return {
    ...object,
    metadata,
    ...(object.kind === "Service"
      ? { spec: { clusterIP: textAt(existing, "spec", "clusterIP") ?? address, ...spec } }
      : {}),
    ...(status === undefined ? {} : { status }),
  };
}

function statusOf(kind: string, spec: Properties, observedGeneration: number, ordinal: number): Properties | undefined {
  const replicas = numberAt(spec, "replicas") ?? 1;
  switch (kind) {
    case "Deployment":
    case "ReplicaSet":
    case "StatefulSet":
      return {
        observedGeneration,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        conditions: [{ type: "Available", status: "True" }],
      };
    case "DaemonSet":
      return {
        observedGeneration,
        desiredNumberScheduled: 1,
        updatedNumberScheduled: 1,
        numberAvailable: 1,
        numberReady: 1,
      };
    case "Job":
      return { succeeded: numberAt(spec, "completions") ?? 1, conditions: [{ type: "Complete", status: "True" }] };
    case "Namespace":
      return { phase: "Active" };
    case "PersistentVolumeClaim":
      return { phase: "Bound", accessModes: listAt(spec, "accessModes") };
    case "Pod":
      return { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    case "Service":
      // An address from the block for documentation (RFC 5737), which nobody can reach by mistake.
      return spec.type === "LoadBalancer"
        ? { loadBalancer: { ingress: [{ ip: `203.0.113.${(ordinal % 250) + 1}` }] } }
        : { loadBalancer: {} };
    default:
      return undefined;
  }
}
