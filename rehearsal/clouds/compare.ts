import type { Difference, DiffResult, ResourceHandler } from "./provider.ts";
import { isList, isProperties, sameValue, UNKNOWN, type Path, type Properties, type Value } from "./values.ts";

/**
 * The properties in which two objects differ, each at the deepest place where it can be named. Lists of different lengths differ
 * as a whole from the first item the shorter one lacks; a value that isn't known yet differs from everything.
 */
export function compare(before: Properties, after: Properties, replaces: (path: Path) => boolean): Difference[] {
  const differences: Difference[] = [];
  visit(before, after, [], (path, kind) => differences.push({ path, kind, replaces: replaces(path) }));
  return differences;
}

/** The answer of a handler without its own `diff`. */
export function compareInputs(handler: ResourceHandler, before: Properties, after: Properties): DiffResult {
  const replacing = new Set<string | number | undefined>(handler.replaceOn);
  return {
    differences: compare(before, after, (path) => replacing.has(path[0])),
    deleteBeforeReplace: handler.deleteBeforeReplace ?? false,
  };
}

type Found = (path: Path, kind: Difference["kind"]) => void;

function visit(before: Value | undefined, after: Value | undefined, path: Path, found: Found): void {
  if (before === undefined && after === undefined) return;
  if (before === undefined || before === null) {
    if (after !== undefined && after !== before) found(path, "add");
  } else if (after === undefined || after === null) {
    found(path, "delete");
  } else if (isProperties(before) && isProperties(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      visit(before[name], after[name], [...path, name], found);
    }
  } else if (isList(before) && isList(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index += 1) {
      visit(before[index], after[index], [...path, index], found);
    }
  } else if (before === UNKNOWN || !sameValue(before, after)) {
    found(path, "update");
  }
}
