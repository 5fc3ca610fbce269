import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";

/** One thing wrong with an environment: where, what stands there, which rule it breaks and what to write instead. */
export interface Problem {
  /** Path below `vllm-stack:`, for example `models[0].tensorParallel`. */
  readonly path: string;
  /** What stands there, as people would recognise it; undefined where nothing stands. */
  readonly value?: string;
  /** The rule, as a clause without a full stop. */
  readonly rule: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
}

/** A problem as one line: `path: value – rule. Remedy.` */
export function formatProblem(problem: Problem): string {
  const value = problem.value === undefined ? "" : ` ${problem.value}`;
  return `${problem.path}:${value} – ${problem.rule}. ${problem.remedy}`;
}

/** Raised with all problems of an environment at once. The message is complete: it needs no stack trace. */
export class EnvironmentError extends Error {
  readonly problems: readonly Problem[];

  constructor(name: string, problems: readonly Problem[]) {
    const count = problems.length === 1 ? "one problem" : `${problems.length} problems`;
    super(`${name} has ${count}:\n${problems.map((problem) => `  ${formatProblem(problem)}`).join("\n")}`);
    this.name = "EnvironmentError";
    this.problems = problems;
  }
}

/** The known word nearest to a mistyped one, or undefined where none is near enough to be meant. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const candidate = closest(word.toLowerCase(), [...known]);
  const allowed = Math.max(2, Math.floor(word.length / 3));
  return distance(word.toLowerCase(), candidate.toLowerCase()) <= allowed ? candidate : undefined;
}

/** A list as people read it: `a, b or c`. */
export function oneOf(words: readonly (string | number)[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

/** A path as people write it: `models[0].name`, with quotes where a key isn't a word. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const key = String(part);
      if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `["${key}"]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}

/** A value in a message: short, on one line. */
export function formatValue(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** Turns what zod found into problems; `input` is what was parsed and `schema` what it was parsed with. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, input: unknown): Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, schema, input));
}

function problemsOfIssue(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown): Problem[] {
  const path = formatPath(issue.path) || "(environment)";
  const found = valueAt(input, issue.path);
  const value = isSecretPath(issue.path, found) ? undefined : formatValue(found);
  const problem = (rule: string, remedy: string): Problem[] => [
    { path, ...(value === undefined ? {} : { value }), rule, remedy },
  ];
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = keysAt(schema, issue.path, input);
      return issue.keys.map((key) => unknownKey([...issue.path, key], key, known));
    }
    case "invalid_union":
      return invalidUnion(issue, schema, input);
    case "invalid_type":
      if (found === undefined) return problem("is required", `Set it; it must be ${article(issue.expected)}.`);
      return problem(`must be ${article(issue.expected)}`, `Write ${example(issue.expected)}.`);
    case "invalid_value": {
      const choices = issue.values.map(String);
      if (found === undefined) return problem("is required", `Set it to ${oneOf(choices)}.`);
      return problem(`must be ${oneOf(choices)}`, suggestion(formatValue(found) ?? "", choices));
    }
    case "too_small":
      if (issue.origin === "array") return problem("must not be empty", `Give at least ${issue.minimum}.`);
      if (issue.origin === "string") return problem("must not be empty", "Set it or leave it out.");
      return problem(
        `must be ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`,
        `Use ${issue.inclusive === false ? "more than " : ""}${issue.minimum}${issue.inclusive === false ? "" : " or more"}.`,
      );
    case "too_big":
      if (issue.origin === "string") return problem(`must have at most ${issue.maximum} characters`, "Shorten it.");
      return problem(`must be at most ${issue.maximum}`, `Use ${issue.maximum} or less.`);
    case "invalid_format":
      return problem(
        issue.message.startsWith("Invalid") ? `must be a valid ${issue.format}` : issue.message,
        "Correct it.",
      );
    case "invalid_key":
      return problem(issue.issues.map((inner) => inner.message).join("; "), "Rename the key.");
    default:
      return problem(issue.message.replace(/\.$/, ""), "Correct it.");
  }
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Problem {
  const meant = didYouMean(key, known);
  const remedy = meant === undefined ? `Known here: ${[...known].sort().join(", ")}.` : `Did you mean ${meant}?`;
  return { path: formatPath(path), rule: "is not a setting", remedy };
}

function invalidUnion(issue: z.core.$ZodIssueInvalidUnion, schema: z.ZodType, input: unknown): Problem[] {
  const { discriminator } = issue;
  if (discriminator === undefined) {
    return [{ path: formatPath(issue.path), rule: issue.message.replace(/\.$/, ""), remedy: "Correct it." }];
  }
  // zod puts the discriminator at the end of the path.
  const parent = issue.path.at(-1) === discriminator ? issue.path.slice(0, -1) : issue.path;
  const choices = unwrap(schemaAt(schema, parent, input))
    .flatMap((option) => literalsOf(shapeOf(option)?.[discriminator]))
    .map(String);
  const holder = valueAt(input, parent);
  const path = formatPath([...parent, discriminator]);
  if (typeof holder !== "object" || holder === null) {
    const value = formatValue(holder);
    return [
      {
        path: formatPath(parent),
        ...(value === undefined ? {} : { value }),
        rule: `must be an object with ${discriminator}`,
        remedy: `Write { ${discriminator}: ${choices[0] ?? "…"} }.`,
      },
    ];
  }
  const found = valueAt(input, [...parent, discriminator]);
  if (found === undefined) {
    return [{ path, rule: "is required", remedy: `Set it to ${oneOf(choices)}.` }];
  }
  return [
    {
      path,
      value: formatValue(found) ?? "",
      rule: `must be ${oneOf(choices)}`,
      remedy: suggestion(formatValue(found) ?? "", choices),
    },
  ];
}

function suggestion(word: string, known: readonly string[]): string {
  const meant = didYouMean(word, known);
  return meant === undefined ? `Use ${oneOf(known)}.` : `Did you mean ${meant}?`;
}

const TYPES: Readonly<Record<string, readonly [text: string, example: string]>> = {
  string: ["a text", 'a text, in quotes where YAML would read something else ("1.0")'],
  number: ["a number", "a number"],
  int: ["a whole number", "a whole number, without a fraction"],
  boolean: ["true or false", "true or false, without quotes"],
  array: ["a list", "a list, each entry on a line with a dash"],
  object: ["an object", "an object, its settings indented below it"],
  record: ["a map", "a map of names and values"],
};

function article(type: string): string {
  return TYPES[type]?.[0] ?? type;
}

function example(type: string): string {
  return TYPES[type]?.[1] ?? type;
}

/** Values that may be secret are not repeated in messages. */
function isSecretPath(path: readonly PropertyKey[], found: unknown): boolean {
  // A key where its name belongs is the mistake nearest at hand.
  if (path[0] === "access" && path[1] === "keys" && path.length === 3 && typeof found !== "object") return true;
  return path.some((part) => ["huggingFaceToken", "apiKeys", "grafanaPassword", "kubeconfig"].includes(String(part)));
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}

type Schema = z.core.$ZodType;

/** Removes defaults and options around a schema; a union gives all its members. */
function unwrap(schema: Schema | undefined): Schema[] {
  if (schema === undefined) return [];
  const { def } = schema._zod;
  if ("innerType" in def) return unwrap(def.innerType as Schema);
  if ("options" in def) return (def.options as readonly Schema[]).flatMap((option) => unwrap(option));
  return [schema];
}

function shapeOf(schema: Schema): Readonly<Record<string, Schema>> | undefined {
  const { def } = schema._zod;
  return "shape" in def ? (def.shape as Readonly<Record<string, Schema>>) : undefined;
}

function literalsOf(schema: Schema | undefined): unknown[] {
  return unwrap(schema).flatMap((option) => ("values" in option._zod.def ? (option._zod.def.values as unknown[]) : []));
}

/** The schema of what stands at a path; of a union's members the one whose literals agree with the input. */
function schemaAt(schema: Schema, path: readonly PropertyKey[], input: unknown): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const [index, part] of path.entries()) {
    const holder = valueAt(input, path.slice(0, index));
    current = matching(unwrap(current), holder)
      .map((candidate) => childOf(candidate, part))
      .find((child) => child !== undefined);
  }
  return current;
}

function childOf(schema: Schema, part: PropertyKey): Schema | undefined {
  const { def } = schema._zod;
  if ("element" in def) return def.element as Schema;
  if ("valueType" in def) return def.valueType as Schema;
  return shapeOf(schema)?.[String(part)];
}

function matching(candidates: readonly Schema[], holder: unknown): Schema[] {
  return candidates.filter((candidate) =>
    Object.entries(shapeOf(candidate) ?? {}).every(([key, child]) => {
      const literals = literalsOf(child);
      const isLiteral = child._zod.def.type === "literal";
      return !isLiteral || literals.includes(valueAt(holder, [key]));
    }),
  );
}

function keysAt(schema: Schema, path: readonly PropertyKey[], input: unknown): string[] {
  const candidates = matching(unwrap(schemaAt(schema, path, input)), valueAt(input, path));
  return [...new Set(candidates.flatMap((candidate) => Object.keys(shapeOf(candidate) ?? {})))];
}
