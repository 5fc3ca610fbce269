import assert from "node:assert/strict";

export type PlainObject = Readonly<Record<string, unknown>>;

/** What stands at a path of plain data; undefined where the path ends early. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === "object" && found !== null ? (Reflect.get(found, key) as unknown) : undefined),
    value,
  );
}

/** The object at a path; fails if there is none. */
export function objectAt(value: unknown, ...path: readonly (string | number)[]): PlainObject {
  const found = at(value, ...path);
  assert.ok(isObject(found), `no object at ${path.join(".")}`);
  return found;
}

/** The list at a path; an absent one is empty. */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path) ?? [];
  assert.ok(Array.isArray(found), `no list at ${path.join(".")}`);
  return found;
}

/** The text at a path; fails if there is none. */
export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  assert.ok(typeof found === "string", `no text at ${path.join(".")}`);
  return found;
}

export function isObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
