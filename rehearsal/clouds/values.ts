/**
 * Property values as a provider handles them: plain JavaScript, with one marker for what a preview does not know yet.
 * Secrets are no part of the value: which parts are secret travels beside it (`secrets.ts`), so handlers never meet envelopes.
 */

/** Stands for a value that is not known before the resources it comes from exist. Met only in previews. */
export const UNKNOWN: unique symbol = Symbol("unknown value");

/** A property value. Assets, archives and resource references appear as the objects the protocol encodes them as. */
export type Value = null | boolean | number | string | typeof UNKNOWN | readonly Value[] | Properties;

/** The inputs or outputs of a resource. */
export interface Properties {
  readonly [name: string]: Value;
}

/** Where a value is found: property names and list indices, outermost first. */
export type Path = readonly (string | number)[];

/** Whether the value is an object with named properties. */
export function isProperties(value: unknown): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether the value is a list. */
export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}

/** Whether any part of the value is {@link UNKNOWN}. */
export function containsUnknown(value: Value): boolean {
  if (isList(value)) return value.some(containsUnknown);
  if (isProperties(value)) return Object.values(value).some(containsUnknown);
  return value === UNKNOWN;
}

/** The value at a path, or `undefined` where there is none. */
export function valueAt(value: Value | undefined, path: Path): Value | undefined {
  let current: Value | undefined = value;
  for (const step of path) {
    if (typeof step === "number") {
      current = isList(current) ? current[step] : undefined;
    } else {
      current = isProperties(current) && Object.hasOwn(current, step) ? current[step] : undefined;
    }
  }
  return current;
}

/** The text at a path, or `undefined` where there is none or something else. */
export function textAt(value: Value | undefined, ...path: Path): string | undefined {
  const found = valueAt(value, path);
  return typeof found === "string" ? found : undefined;
}

/** The number at a path, or `undefined` where there is none or something else. */
export function numberAt(value: Value | undefined, ...path: Path): number | undefined {
  const found = valueAt(value, path);
  return typeof found === "number" ? found : undefined;
}

/** The list at a path; an empty one where there is none. */
export function listAt(value: Value | undefined, ...path: Path): readonly Value[] {
  const found = valueAt(value, path);
  return isList(found) ? found : [];
}

/** The object at a path; an empty one where there is none. */
export function propertiesAt(value: Value | undefined, ...path: Path): Properties {
  const found = valueAt(value, path);
  return isProperties(found) ? found : {};
}

/** A copy of the object with the value at the path replaced; missing objects on the way are made. */
export function withValueAt(properties: Properties, path: readonly string[], value: Value): Properties {
  const [first, ...rest] = path;
  if (first === undefined) return properties;
  if (rest.length === 0) return { ...properties, [first]: value };
  return { ...properties, [first]: withValueAt(propertiesAt(properties, first), rest, value) };
}

/** A copy of the object without the value at the path. */
export function withoutValueAt(properties: Properties, path: readonly string[]): Properties {
  const [first, ...rest] = path;
  if (first === undefined || !Object.hasOwn(properties, first)) return properties;
  if (rest.length > 0) {
    const inner = properties[first];
    return isProperties(inner) ? { ...properties, [first]: withoutValueAt(inner, rest) } : properties;
  }
  return Object.fromEntries(Object.entries(properties).filter(([name]) => name !== first));
}

/** Whether two values are the same, whatever the order of their properties. Two unknown values are not the same. */
export function sameValue(one: Value | undefined, other: Value | undefined): boolean {
  if (one === UNKNOWN || other === UNKNOWN) return false;
  if (isList(one)) {
    return isList(other) && one.length === other.length && one.every((item, index) => sameValue(item, other[index]));
  }
  if (isProperties(one)) {
    if (!isProperties(other)) return false;
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && sameValue(one[name], other[name]))
    );
  }
  return one === other;
}

/** A path in the notation of Pulumi's property paths: `spec.containers[0].image`, `metadata.labels["example.com/name"]`. */
export function formatPath(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[\w$-]+$/.test(step)) return `["${step.replaceAll('"', '\\"')}"]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}
