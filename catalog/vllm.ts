import { negationsOf, parseFlags } from "./flags.ts";
import type { Flag, FlagProblem, FlagTable, ParsedFlag } from "./flags.ts";
import { didYouMean } from "./suggest.ts";
import { compareVersions } from "./version.ts";
import { DANGEROUS_VARIABLES, DEAD_VARIABLES, KNOWN_VARIABLES } from "./vllm/environment.ts";
import { FLAGS_0_29_0 } from "./vllm/flags-0.29.0.ts";
import { FLAGS_0_31_0 } from "./vllm/flags-0.31.0.ts";
import { FLAGS_0_33_0 } from "./vllm/flags-0.33.0.ts";
import { REMOVED_FLAGS } from "./vllm/removed.ts";
import { checkRules, DANGEROUS_FLAGS } from "./vllm/rules.ts";
import { JSON_KEYS, PARSERS } from "./vllm/values.ts";

/** Versions whose flags were read in full, oldest first. */
export const VLLM_VERSIONS = ["0.29.0", "0.31.0", "0.33.0"] as const;

/** Oldest version without known remote attacks on its API that the catalog's advisories list. */
export const VLLM_SECURITY_FLOOR = "0.31.0";

type ReadVersion = (typeof VLLM_VERSIONS)[number];

/** Flags of `vllm serve` in one version. */
export interface VllmFlags extends FlagTable {
  readonly version: string;
  /** False where the list follows from the nearest version that was read. */
  readonly exact: boolean;
  /** The version that was read. */
  readonly readFrom: ReadVersion;
}

/** Each older list is written as differences from the next newer one. */
const DIFFERENCES: readonly (readonly [ReadVersion, readonly Flag[]])[] = [
  ["0.33.0", FLAGS_0_33_0],
  ["0.31.0", FLAGS_0_31_0],
  ["0.29.0", FLAGS_0_29_0],
];

/**
 * The flags of that version. Between two versions that were read it is the newer list without what came later; after the
 * newest one the newest list, before the oldest one the oldest.
 */
export function flagTable(version: string): VllmFlags {
  const bare = version.replace(/^v/, "");
  const readFrom = VLLM_VERSIONS.find((read) => compareVersions(bare, read) <= 0) ?? "0.33.0";
  const rows = new Map<string, Flag>();
  for (const [read, flags] of DIFFERENCES) {
    if (compareVersions(read, readFrom) < 0) break;
    for (const flag of flags) rows.set(flag.name, flag);
  }
  const limit = compareVersions(bare, VLLM_VERSIONS[0]) < 0 ? VLLM_VERSIONS[0] : bare;
  const flags = [...rows.values()].filter(({ since }) => since === undefined || compareVersions(since, limit) <= 0);
  const removed = REMOVED_FLAGS.filter(
    ({ acceptedAgain }) => acceptedAgain === undefined || compareVersions(bare, acceptedAgain) < 0,
  );
  // A flag that came and went between two versions that were read is known by name alone.
  const alive = removed.filter(
    ({ name, since, absentSince }) =>
      compareVersions(limit, absentSince) < 0 && compareVersions(since ?? "0", limit) <= 0 && !rows.has(name),
  );
  return {
    program: `vllm serve ${bare}`,
    version: bare,
    exact: readFrom === bare,
    readFrom,
    flags: [...flags, ...alive.map(({ name }): Flag => ({ name, kind: "bool" }))],
    removed: removed.filter((row) => !alive.includes(row) && compareVersions(row.since ?? "0", limit) <= 0),
    later: FLAGS_0_33_0.filter(({ since }) => since !== undefined && compareVersions(since, limit) > 0),
    oppositeForms: compareVersions(bare, "0.33.0") >= 0,
    prefixes: true,
  };
}

/**
 * What `vllm serve` of that version would refuse or misunderstand, and what opens it to attacks.
 * @param words all arguments after the model; rules between flags see only what is given here
 */
export function checkArguments(version: string, words: readonly string[]): readonly FlagProblem[] {
  const table = flagTable(version);
  const { parsed, problems } = parseFlags(table, words);
  const perFlag = parsed.flatMap((argument) => [
    ...checkConfigTrap(argument, words),
    ...checkDanger(argument),
    ...checkJsonKeys(table, argument),
    ...checkParserName(table, argument),
  ]);
  return [...problems, ...perFlag, ...checkRules(parsed)];
}

/** `--config=FILE` is accepted and ignored, only `--config FILE` is read. */
function checkConfigTrap({ flag, values }: ParsedFlag, words: readonly string[]): readonly FlagProblem[] {
  const written = `--config=${values[0] ?? ""}`;
  if (flag.name !== "--config" || !words.includes(written)) return [];
  const remedy = `Write two arguments: --config ${values[0] ?? "FILE"}.`;
  return [{ severity: "error", argument: written, rule: "is parsed and ignored in this form", remedy }];
}

/** Why a flag opens an engine or blinds its operators; nothing for an ordinary one. */
export function dangerousFlag(name: string): string | undefined {
  return DANGEROUS_FLAGS[name];
}

function checkDanger({ argument, flag, on, values }: ParsedFlag): readonly FlagProblem[] {
  const danger = dangerousFlag(flag.name);
  if (danger === undefined || !on || values[0] === "") return [];
  return [
    { severity: "warning", argument, rule: danger, remedy: "Keep it only if you need it and trust who can reach it." },
  ];
}

function checkJsonKeys(table: VllmFlags, { argument, flag, values, key }: ParsedFlag): readonly FlagProblem[] {
  const keys = JSON_KEYS[table.readFrom]?.[flag.name];
  if (keys === undefined) return [];
  const given = key === undefined ? objectKeys(values[0] ?? "") : [key.replace(/\+$/, "").split(".")[0] ?? key];
  return given
    .filter((name) => !keys.includes(name))
    .map((name) => {
      const rule = `key "${name}" is refused by ${table.program}`;
      const hint = didYouMean(name, keys).trim();
      return {
        severity: "error",
        argument,
        rule,
        remedy: hint === "" ? `Leave it away; the keys are ${keys.join(", ")}.` : hint,
      };
    });
}

function objectKeys(text: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? Object.keys(value) : [];
  } catch {
    return [];
  }
}

function checkParserName(table: VllmFlags, { argument, flag, values }: ParsedFlag): readonly FlagProblem[] {
  const [value] = values;
  const names = PARSERS[table.readFrom];
  const known: readonly string[] | undefined =
    flag.name === "--tool-call-parser" ? names.tools : flag.name === "--reasoning-parser" ? names.reasoning : undefined;
  if (known === undefined || value === undefined || value === "" || known.includes(value)) return [];
  const remedy = `Check the name against your version.${didYouMean(value, known)}`;
  return [{ severity: "warning", argument, rule: `"${value}" is no parser of vLLM ${table.readFrom}`, remedy }];
}

/** What is wrong with an environment variable of an engine. */
export interface VariableProblem {
  readonly severity: "error" | "warning";
  readonly name: string;
  readonly rule: string;
  readonly remedy: string;
}

/**
 * Variables that current vLLM and LMCache ignore, that break the engine, or that open it.
 * The list of living `VLLM_…` names is not complete: one that looks like a slip of the pen is a warning.
 */
export function checkEnvironment(names: readonly string[]): readonly VariableProblem[] {
  return names.flatMap((name): readonly VariableProblem[] => {
    const dead = DEAD_VARIABLES[name];
    if (dead !== undefined) return [{ severity: "error", name, ...dead }];
    const danger = DANGEROUS_VARIABLES[name];
    if (danger !== undefined) return [{ severity: "warning", name, ...danger }];
    if (!name.startsWith("VLLM_") || KNOWN_VARIABLES.includes(name)) return [];
    const hint = didYouMean(name, KNOWN_VARIABLES).trim();
    const near = /"(.+)"/.exec(hint)?.[1];
    if (near === undefined || Math.abs(near.length - name.length) > 2) return [];
    return [{ severity: "warning", name, rule: "is not a variable this catalog knows", remedy: hint }];
  });
}

/** All spellings `vllm serve` of that version accepts, for completions and documentation. */
export function spellings(version: string): readonly string[] {
  const table = flagTable(version);
  return table.flags.flatMap((flag) => [
    flag.name,
    ...(flag.aliases ?? []),
    ...negationsOf(flag, table.oppositeForms === true),
  ]);
}
