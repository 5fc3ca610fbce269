import { compare } from "../clouds/compare.ts";
import type { Difference } from "../clouds/provider.ts";
import { textAt, valueAt, type Path, type Properties } from "../clouds/values.ts";
import { isFrozenData, isIdentity, isImmutable, type MutableKinds } from "./immutable.ts";
import type { Kind } from "./kinds.ts";
import { specified } from "./objects.ts";

/** What the program changed, by its inputs alone; what can't be changed in place by the table of kinds. */
export function inputDifferences(
  kind: Kind,
  before: Properties,
  after: Properties,
  mutable: MutableKinds,
): readonly Difference[] {
  return compare(before, after, (path) => isImmutable(kind, path, before, mutable));
}

/** Whether the program asks for another object and not for a change of this one. */
export function isAnotherObject(before: Properties, after: Properties): boolean {
  return compare(before, after, isIdentity).some(({ replaces }) => replaces);
}

/**
 * What applying the inputs would change about the object that exists. Both come from the API server, so that values that are
 * written differently but mean the same, and fields that have the server's default, are no differences.
 */
export function effectiveDifferences(
  live: Properties,
  applied: Properties,
  inputs: Properties,
  mutable: MutableKinds,
): readonly Difference[] {
  const kind = { apiVersion: textAt(inputs, "apiVersion") ?? "", kind: textAt(inputs, "kind") ?? "" };
  return compare(specified(live), specified(applied), (path) => isFrozenData(kind, path, live, mutable)).map(
    (difference) => ({ ...difference, path: asWritten(difference.path, inputs) }),
  );
}

/**
 * The program's changes, with the fields the API server refuses to change marked as the reason for a replacement. Where
 * it names a field the program didn't touch by that name, everything under the same first steps is marked.
 * @param refused fields as the API server writes them
 */
export function replacingDifferences(
  kind: Kind,
  before: Properties,
  after: Properties,
  refused: readonly string[],
): readonly Difference[] {
  const changes = inputDifferences(kind, before, after, new Set());
  for (const depth of [Number.POSITIVE_INFINITY, 2, 1]) {
    const prefixes = refused.map((field) => stepsOf(field).slice(0, depth));
    const marked = changes.map((change) => ({
      ...change,
      replaces: change.replaces || prefixes.some((prefix) => startsWith(change.path, prefix)),
    }));
    if (marked.some(({ replaces }) => replaces)) return marked;
  }
  return changes.map((change) => ({ ...change, replaces: true }));
}

/** The keys a program writes to `stringData` of a Secret are kept under `data`. */
function asWritten(path: Path, inputs: Properties): Path {
  const [first, ...rest] = path;
  const written = first === "data" && valueAt(inputs, ["stringData", ...rest]) !== undefined;
  return written ? ["stringData", ...rest] : path;
}

function stepsOf(field: string): readonly string[] {
  return [...field.matchAll(/[^.[\]]+/g)].map(([step]) => step);
}

function startsWith(path: Path, prefix: readonly string[]): boolean {
  return prefix.length > 0 && prefix.every((step, index) => String(path[index]) === step);
}
