import { isList, isProperties, textAt, valueAt, type Properties, type Value } from "../clouds/values.ts";
import { byCondition, READY, waiting, type Verdict } from "./verdict.ts";

/** Annotations by which a program steers the waiting. They are those of the published provider. */
export const ANNOTATIONS = {
  skipAwait: "pulumi.com/skipAwait",
  timeoutSeconds: "pulumi.com/timeoutSeconds",
  waitFor: "pulumi.com/waitFor",
  patchForce: "pulumi.com/patchForce",
  deletionPropagationPolicy: "pulumi.com/deletionPropagationPolicy",
} as const;

/** The published provider's time limit. */
const DEFAULT_TIMEOUT_SECONDS = 600;

/** A condition of `pulumi.com/waitFor`: a status condition, or a field found by a path. */
export type Expectation =
  | { readonly kind: "condition"; readonly type: string; readonly status: string }
  | { readonly kind: "field"; readonly path: readonly (string | number)[]; readonly value: string | undefined };

/** An annotation of the object. */
export function annotation(object: Properties, name: keyof typeof ANNOTATIONS): string | undefined {
  return textAt(object, "metadata", "annotations", ANNOTATIONS[name]);
}

/** The time limit for an operation on the object: the resource option, else the annotation, else 10 minutes. */
export function timeoutOf(object: Properties, customTimeoutSeconds: number | undefined): number {
  const annotated = Number(annotation(object, "timeoutSeconds") ?? Number.NaN);
  return customTimeoutSeconds ?? (annotated > 0 ? annotated : DEFAULT_TIMEOUT_SECONDS);
}

/**
 * What the annotation `pulumi.com/waitFor` asks for: `condition=Ready`, `condition=Ready=False`,
 * `jsonpath={.status.phase}=Running`, or a JSON list of them.
 * @returns the expectations, none without annotation, or a text that says what can't be understood
 */
export function expectationsOf(object: Properties): readonly Expectation[] | string {
  const given = annotation(object, "waitFor");
  if (given === undefined) return [];
  let texts: readonly unknown[] = [given];
  if (given.trimStart().startsWith("[")) {
    try {
      const parsed: unknown = JSON.parse(given);
      texts = Array.isArray(parsed) ? parsed : [parsed];
    } catch {
      return `${given} – is no valid JSON list.`;
    }
  }
  const expectations: Expectation[] = [];
  for (const text of texts) {
    const expectation = typeof text === "string" ? parseExpectation(text) : undefined;
    if (expectation === undefined) {
      return `${String(text)} – must be condition=Type, condition=Type=Status or jsonpath={.path.to.field}=value.`;
    }
    expectations.push(expectation);
  }
  return expectations;
}

/** Ready when everything expected holds. */
export function verdictByExpectations(object: Properties, expectations: readonly Expectation[]): Verdict {
  for (const expectation of expectations) {
    const verdict =
      expectation.kind === "condition"
        ? byCondition(object, expectation.type, expectation.status)
        : byField(object, expectation.path, expectation.value);
    if (verdict.state !== "ready") return verdict;
  }
  return READY;
}

function parseExpectation(text: string): Expectation | undefined {
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition?.[1] !== undefined) return { kind: "condition", type: condition[1], status: condition[2] ?? "True" };
  const field = /^jsonpath=\{?((?:\.[\w-]+|\[\d+\]|\["[^"]+"\]|\['[^']+'\])+)\}?(?:=(.+))?$/.exec(text);
  if (field?.[1] === undefined) return undefined;
  const steps = [...field[1].matchAll(/\.([\w-]+)|\[(\d+)\]|\["([^"]+)"\]|\['([^']+)'\]/g)];
  const path = steps.map(([, name, index, double, single]) =>
    index === undefined ? (name ?? double ?? single ?? "") : Number(index),
  );
  return { kind: "field", path, value: field[2] };
}

function byField(object: Properties, path: readonly (string | number)[], expected: string | undefined): Verdict {
  const found = valueAt(object, path);
  const name = path.join(".");
  if (found === undefined || found === null) return waiting(`${name} is not there`);
  if (expected === undefined || asText(found) === expected) return READY;
  return waiting(`${name} is ${asText(found)}, not ${expected}`);
}

function asText(value: Value): string {
  return isList(value) || isProperties(value) ? JSON.stringify(value) : String(value);
}
