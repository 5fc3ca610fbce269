/** Kinds of values a command-line flag takes. `humanInt`: digits with `k m g t` (decimal) or `K M G T` (binary). */
export type FlagKind = "bool" | "int" | "float" | "string" | "enum" | "json" | "list" | "humanInt";

/** A flag of a program this project starts. Field by field what the program's own parser knows. */
export interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  /** Short and other spellings. */
  readonly aliases?: readonly string[];
  /** Closed set of values, of a list's items for lists. */
  readonly choices?: readonly string[];
  /** Values of an open set: hints. */
  readonly known?: readonly string[];
  /** Absent: unset, or not a plain value. */
  readonly default?: string | number | boolean | readonly unknown[] | Readonly<Record<string, unknown>>;
  /** False for switches without an off form. @default true for `bool` */
  readonly negatable?: boolean;
  /** First version that has it. */
  readonly since?: string;
  /** How a list is written: several words, one word with commas, or the flag again. */
  readonly separator?: "spaces" | "commas" | "repeat";
  readonly item?: string;
  /** Words one use takes, where not one. */
  readonly words?: number;
  readonly min?: number;
  readonly max?: number;
  /** Exclusive bounds. */
  readonly above?: number;
  readonly below?: number;
  /** Also `--flag.key value`. */
  readonly dotted?: boolean;
  readonly json?: "object" | "array";
  /** A JSON flag that also takes plain text. */
  readonly plainText?: boolean;
  readonly valueOptional?: boolean;
  readonly anyCase?: boolean;
  readonly dashIsUnderscore?: boolean;
  /** Values accepted beside the kind's own. */
  readonly also?: readonly string[];
  /** What to use instead; the flag still works. */
  readonly deprecated?: string;
  readonly required?: boolean;
  /** Needed for the flag to have an effect. */
  readonly requires?: readonly string[];
  /** The setting that makes this flag necessary. */
  readonly requiredWith?: string;
  readonly note?: string;
}

/** A flag that former versions had. */
export interface RemovedFlag {
  readonly name: string;
  readonly replacement?: string;
  /** First version that had it, where that is younger than the oldest list. */
  readonly since?: string;
  /** First version looked at that lacks it. */
  readonly absentSince: string;
  /** Version from which on the spelling is accepted again. */
  readonly acceptedAgain?: string;
  readonly note?: string;
}

/** What is wrong with an argument. An `error` keeps the program from starting or does something else than it says. */
export interface FlagProblem {
  readonly severity: "error" | "warning";
  /** The argument as it was written. */
  readonly argument: string;
  readonly rule: string;
  readonly remedy: string;
}

/** A program's flags in one version. */
export interface FlagTable {
  /** What messages call the program: `vllm serve 0.33.0`. */
  readonly program: string;
  readonly flags: readonly Flag[];
  readonly removed?: readonly RemovedFlag[];
  /** Flags that only later versions have, for messages. */
  readonly later?: readonly Flag[];
  /** Whether `--disable-x` switches `--enable-x` off, and the reverse. */
  readonly oppositeForms?: boolean;
  /** Whether an unambiguous beginning of a name stands for it (argparse's habit). */
  readonly prefixes?: boolean;
}

/** An argument found in a command line, with the words that belong to it. */
export interface ParsedFlag {
  readonly argument: string;
  readonly flag: Flag;
  /** Key of the dotted form. */
  readonly key?: string;
  /** False for the off form of a switch. */
  readonly on: boolean;
  readonly values: readonly string[];
}
