import type { Problem } from "../environments/schema/problems.ts";
import type { Warning } from "./types.ts";

/** What a planner has to say besides its plan: what is wrong, and what a person should know. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** Nothing to say. */
export const NO_FINDINGS: Findings = { problems: [], warnings: [] };

/** Findings of one problem. A value is left out where nothing stands. */
export function refused(path: string, value: string | number | undefined, rule: string, remedy: string): Findings {
  return { problems: [{ path, ...(value === undefined ? {} : { value: String(value) }), rule, remedy }], warnings: [] };
}

/** Findings of one warning. */
export function warned(path: string, text: string): Findings {
  return { problems: [], warnings: [{ path, text }] };
}

/** All findings in order; the same one found twice is said once. */
export function mergeFindings(...findings: readonly Findings[]): Findings {
  return {
    problems: unique(findings.flatMap((part) => part.problems)),
    warnings: unique(findings.flatMap((part) => part.warnings)),
  };
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
