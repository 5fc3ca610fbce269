import { didYouMean } from "./suggest.ts";
import type { Flag, FlagProblem, ParsedFlag } from "./flag-types.ts";

type Complain = (rule: string, remedy: string) => readonly FlagProblem[];

/** What the parser would say about the words given to a flag. `attached` is the `--flag=value` form. */
export function checkValue(parsed: ParsedFlag, attached: boolean): readonly FlagProblem[] {
  const { argument, flag, values, key } = parsed;
  const complain: Complain = (rule, remedy) => [{ severity: "error", argument, rule, remedy }];
  if (flag.kind === "bool") {
    if (!attached) return [];
    const off =
      flag.negatable === false ? "leave it away to have it off" : `write --no-${flag.name.slice(2)} to switch it off`;
    return complain(`is a switch and takes no value, not "${values.join(" ")}"`, `Write ${argument} alone, or ${off}.`);
  }
  const [value] = values;
  if (value === undefined) {
    return flag.valueOptional === true ? [] : complain("needs a value", `Write ${argument} and ${describeKind(flag)}.`);
  }
  // The values of dotted keys have types of their own, which no table tells.
  if (key !== undefined) return [];
  if (flag.kind === "list") return checkItems(flag, values, complain);
  if (flag.also?.includes(value) === true) return [];
  return checkOne(flag, value, complain);
}

function checkItems(flag: Flag, values: readonly string[], complain: Complain): readonly FlagProblem[] {
  const items = flag.separator === "commas" ? values.flatMap((value) => value.split(",")) : values;
  const kind = flag.item === "enum" ? "enum" : flag.item;
  return items.flatMap((item) => {
    if (flag.choices !== undefined) return checkChoice(flag, flag.choices, item, complain);
    if (kind === "int" || kind === "float" || kind === "json") return checkOne({ ...flag, kind }, item, complain);
    return [];
  });
}

function checkOne(flag: Flag, value: string, complain: Complain): readonly FlagProblem[] {
  switch (flag.kind) {
    case "enum":
      return checkChoice(flag, flag.choices ?? [], value, complain);
    case "int":
      return /^[+-]?\d+$/.test(value) ? checkRange(flag, Number(value), complain) : notOf(flag, value, complain);
    case "float":
      return value.trim() !== "" && Number.isFinite(Number(value))
        ? checkRange(flag, Number(value), complain)
        : notOf(flag, value, complain);
    case "humanInt": {
      const number = humanInt(value);
      return number === undefined ? notOf(flag, value, complain) : checkRange(flag, number, complain);
    }
    case "json":
      return flag.plainText === true || isJson(value, flag.json) ? [] : notOf(flag, value, complain);
    default:
      return [];
  }
}

function checkChoice(
  flag: Flag,
  choices: readonly string[],
  value: string,
  complain: Complain,
): readonly FlagProblem[] {
  const normal = (text: string): string => {
    const cased = flag.anyCase === true ? text.toLowerCase() : text;
    return flag.dashIsUnderscore === true ? cased.replaceAll("-", "_") : cased;
  };
  if (choices.some((choice) => normal(choice) === normal(value))) return [];
  const hint = didYouMean(value, choices).trim();
  const all = choices.length <= 12 ? `Use one of ${choices.join(", ")}.` : "";
  return complain(
    `"${value}" is not one of its values`,
    [hint, all].filter((text) => text !== "").join(" ") || "See the program's help.",
  );
}

function checkRange(flag: Flag, value: number, complain: Complain): readonly FlagProblem[] {
  const { min = -Infinity, max = Infinity, above = -Infinity, below = Infinity } = flag;
  if (value >= min && value <= max && value > above && value < below) return [];
  const bounds = [
    flag.min === undefined ? "" : `at least ${flag.min}`,
    flag.above === undefined ? "" : `above ${flag.above}`,
    flag.max === undefined ? "" : `at most ${flag.max}`,
    flag.below === undefined ? "" : `below ${flag.below}`,
  ].filter((bound) => bound !== "");
  return complain(`${value} is out of range`, `It must be ${bounds.join(" and ")}.`);
}

function notOf(flag: Flag, value: string, complain: Complain): readonly FlagProblem[] {
  return complain(`"${value}" is not ${describeKind(flag)}`, `Give ${describeKind(flag)}.`);
}

function describeKind(flag: Flag): string {
  switch (flag.kind) {
    case "int":
      return "a whole number";
    case "float":
      return "a number";
    case "humanInt":
      return "a whole number, 8192, 8k (8,000) or 8K (8,192)";
    case "json":
      return flag.json === "array" ? "a JSON array" : "a JSON object";
    case "enum":
      return (flag.choices ?? []).length <= 12 ? `one of ${(flag.choices ?? []).join(", ")}` : "one of its values";
    default:
      return "a value";
  }
}

/**
 * Tokens or bytes as vLLM writes them: `1k` is 1,000 and may have decimals, `1K` is 1,024 and may not.
 * @returns nothing for a text of another form
 */
export function humanInt(text: string): number | undefined {
  const match = /^(-?\d+)(?:(\.\d+)?([kmgt])|([KMGT]))?$/.exec(text);
  if (match === null) return undefined;
  const [, digits = "", decimals = "", small, large] = match;
  const power = (letter: string): number => "kmgt".indexOf(letter.toLowerCase()) + 1;
  if (large !== undefined) return Number(digits) * 1024 ** power(large);
  return small === undefined ? Number(digits) : Math.round(Number(digits + decimals) * 1000 ** power(small));
}

function isJson(text: string, form: Flag["json"]): boolean {
  try {
    const value: unknown = JSON.parse(text);
    if (form === "array") return Array.isArray(value);
    return form === undefined || (typeof value === "object" && value !== null && !Array.isArray(value));
  } catch {
    return false;
  }
}
