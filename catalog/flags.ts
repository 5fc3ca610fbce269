import { didYouMean } from "./suggest.ts";
import type { Flag, FlagProblem, FlagTable, ParsedFlag, RemovedFlag } from "./flag-types.ts";
import { checkValue } from "./flag-values.ts";

export type { Flag, FlagKind, FlagProblem, FlagTable, ParsedFlag, RemovedFlag } from "./flag-types.ts";

/** `name: rule. Remedy.` */
export function describeFlagProblem(problem: FlagProblem): string {
  return `${problem.argument} – ${problem.rule}. ${problem.remedy}`;
}

const isOption = (word: string): boolean => /^-{1,2}[A-Za-z]/.test(word);

/** Spellings that switch a flag off. */
export function negationsOf(flag: Flag, oppositeForms: boolean): readonly string[] {
  if (flag.kind !== "bool" || flag.negatable === false) return [];
  const bare = flag.name.slice(2);
  const forms = [`--no-${bare}`];
  if (oppositeForms && bare.startsWith("enable-")) forms.push(`--disable-${bare.slice("enable-".length)}`);
  if (oppositeForms && bare.startsWith("disable-")) forms.push(`--enable-${bare.slice("disable-".length)}`);
  return forms;
}

interface Found {
  readonly flag: Flag;
  readonly on: boolean;
  readonly key?: string;
  readonly fullName: string;
}

/**
 * Reads a command line as the program's parser would and reports what it would refuse, or take in another sense than written.
 * @param words arguments without the program and its positional arguments
 */
export function parseFlags(
  table: FlagTable,
  words: readonly string[],
): { readonly parsed: readonly ParsedFlag[]; readonly problems: readonly FlagProblem[] } {
  const spellings = spellingsOf(table);
  const parsed: ParsedFlag[] = [];
  const problems: FlagProblem[] = [];
  let index = 0;
  while (index < words.length) {
    const word = words[index] ?? "";
    index += 1;
    if (!isOption(word)) {
      problems.push(stray(word, parsed.at(-1)));
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    const written = equals < 0 ? word : word.slice(0, equals);
    const found = find(table, spellings, written);
    if ("rule" in found) {
      problems.push(found);
      while (index < words.length && !isOption(words[index] ?? "")) index += 1;
      continue;
    }
    if (found.fullName !== canonical(written)) {
      problems.push({
        severity: "warning",
        argument: written,
        rule: `stands for ${found.fullName} only as long as no other flag begins so`,
        remedy: `Write ${found.fullName}.`,
      });
    }
    const values = equals < 0 ? following(found, words, index) : [word.slice(equals + 1)];
    if (equals < 0) index += values.length;
    const argument: ParsedFlag = { argument: written, flag: found.flag, on: found.on, values, ...keyOf(found) };
    parsed.push(argument);
    problems.push(...checkValue(argument, equals >= 0), ...deprecation(argument));
  }
  return { parsed, problems };
}

function keyOf(found: Found): { readonly key?: string } {
  return found.key === undefined ? {} : { key: found.key };
}

function deprecation({ argument, flag }: ParsedFlag): readonly FlagProblem[] {
  if (flag.deprecated === undefined) return [];
  const instead = flag.deprecated.startsWith("-") ? `Use ${flag.deprecated}.` : `Leave it away (${flag.deprecated}).`;
  return [{ severity: "warning", argument, rule: "is deprecated", remedy: instead }];
}

function stray(word: string, before: ParsedFlag | undefined): FlagProblem {
  if (before?.flag.kind === "bool") {
    const off =
      before.flag.negatable === false
        ? "leave it away to have it off"
        : `write --no-${before.flag.name.slice(2)} to switch it off`;
    const rule = `is a switch and takes no value, "${word}" would be read as another argument`;
    return {
      severity: "error",
      argument: `${before.argument} ${word}`,
      rule,
      remedy: `Write ${before.argument} alone, or ${off}.`,
    };
  }
  return {
    severity: "error",
    argument: word,
    rule: "belongs to no flag",
    remedy: "Write it after the flag it is the value of.",
  };
}

/** Words that belong to the flag: up to the next option; one for plain values, all for lists separated by blanks. */
function following(found: Found, words: readonly string[], start: number): readonly string[] {
  if (found.flag.kind === "bool") return [];
  let end = start;
  while (end < words.length && !isOption(words[end] ?? "")) end += 1;
  const most = found.flag.separator === "spaces" ? Infinity : (found.flag.words ?? 1);
  return words.slice(start, Math.min(end, start + most));
}

/** Underscores stand for dashes in names; the key of a dotted form stays as it is. */
function canonical(word: string): string {
  const dot = word.indexOf(".");
  const name = dot < 0 ? word : word.slice(0, dot);
  return name.startsWith("--") ? name.replaceAll("_", "-") : name;
}

function spellingsOf(table: FlagTable): ReadonlyMap<string, { readonly flag: Flag; readonly on: boolean }> {
  const spellings = new Map<string, { readonly flag: Flag; readonly on: boolean }>();
  for (const flag of table.flags) {
    for (const off of negationsOf(flag, table.oppositeForms === true)) spellings.set(off, { flag, on: false });
  }
  for (const flag of table.flags) {
    for (const name of [flag.name, ...(flag.aliases ?? [])]) spellings.set(name, { flag, on: true });
  }
  return spellings;
}

function find(
  table: FlagTable,
  spellings: ReadonlyMap<string, { readonly flag: Flag; readonly on: boolean }>,
  written: string,
): Found | FlagProblem {
  const name = canonical(written);
  const dot = written.indexOf(".");
  const exact = spellings.get(name);
  if (exact !== undefined && (dot < 0 || exact.flag.dotted === true)) {
    return { ...exact, fullName: name, ...(dot >= 0 && { key: written.slice(dot + 1) }) };
  }
  const gone = table.removed?.find((row) => row.name === name);
  if (gone !== undefined) return removedProblem(table, written, gone);
  const later = table.later?.find((flag) => flag.name === name);
  if (later !== undefined) {
    const rule = `is not yet a flag of ${table.program}, it came with ${later.since ?? "a later version"}`;
    return { severity: "error", argument: written, rule, remedy: "Leave it away, or use a newer version." };
  }
  // -O3 is the short form with its value attached.
  const short = /^-[A-Z]\d+$/.test(written) ? spellings.get(written.slice(0, 2)) : undefined;
  if (short !== undefined) return { flag: { ...short.flag, kind: "bool" }, on: true, fullName: written };
  const longer = [...spellings.keys()].filter((spelling) => name.length > 2 && spelling.startsWith(name));
  const [only] = longer;
  const prefixed = only === undefined ? undefined : spellings.get(only);
  if (table.prefixes === true && longer.length === 1 && only !== undefined && prefixed !== undefined) {
    return { ...prefixed, fullName: only };
  }
  const rule =
    table.prefixes === true && longer.length > 1
      ? `stands for several flags of ${table.program}: ${longer.slice(0, 4).join(", ")}`
      : `is not a flag of ${table.program}`;
  const hint = didYouMean(name, [...spellings.keys()]).trim();
  return { severity: "error", argument: written, rule, remedy: hint === "" ? "Leave it away." : hint };
}

function removedProblem(table: FlagTable, written: string, gone: RemovedFlag): FlagProblem {
  const note = gone.note === undefined ? "" : ` (${gone.note})`;
  const remedy = gone.replacement === undefined ? `Leave it away${note}.` : `Use ${gone.replacement}${note}.`;
  return { severity: "error", argument: written, rule: `was removed, ${table.program} does not start with it`, remedy };
}
