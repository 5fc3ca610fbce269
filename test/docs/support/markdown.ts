import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block: ```` ```yaml fragment ```` has the language `yaml` and the mark `fragment`. */
export interface Fence {
  readonly language: string;
  readonly marks: readonly string[];
  readonly text: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
}

/** A link outside of code. */
export interface Link {
  readonly target: string;
  readonly line: number;
}

/** What the tests look at in a Markdown file. */
export interface MarkdownFile {
  /** Path from the project's folder. */
  readonly path: string;
  readonly text: string;
  readonly fences: readonly Fence[];
  /** Text of the headings, with their markup. */
  readonly headings: readonly { readonly level: number; readonly text: string }[];
  /** Anchors of the headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Link[];
  /** Inline code outside of fenced blocks. */
  readonly codes: readonly Link[];
  /** Rows of all tables, cells without the space around them; lines below a header are left out. */
  readonly rows: readonly (readonly string[])[];
}

/** Reads a Markdown file. */
export function readMarkdown(root: string, path: string): MarkdownFile {
  const text = readFileSync(join(root, path), "utf8");
  const { fences, prose } = splitFences(text);
  const headings = prose.flatMap((line) => {
    const [, marks = "", heading = ""] = /^(#{1,6}) +(.+?) *$/.exec(line) ?? [];
    return heading === "" ? [] : [{ level: marks.length, text: heading }];
  });
  return {
    path,
    text,
    fences,
    headings,
    anchors: new Set(anchorsOf(headings.map((heading) => heading.text))),
    links: found(prose.map(withoutCode), /\[[^\]]*\]\(([^)\s]+)\)/g),
    codes: found(prose, /`([^`]+)`/g),
    rows: prose.filter((line) => /^\|.*\|$/.test(line) && !/^\|[\s:|-]+\|$/.test(line)).map(cellsOf),
  };
}

/** Anchors of headings as GitHub makes them: markup and punctuation go, spaces become dashes, doubles get a number. */
export function anchorsOf(headings: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}\p{M}_\- ]/gu, "").replaceAll(" ", "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Separates fenced blocks from the text around them, which keeps its line numbers. */
function splitFences(text: string): { readonly fences: Fence[]; readonly prose: string[] } {
  const fences: Fence[] = [];
  const prose: string[] = [];
  let open: { indent: number; closing: RegExp; info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (open === undefined) {
      const [, indent = "", ticks, info = ""] = /^( *)(`{3,})([^`]*)$/.exec(line) ?? [];
      prose.push(ticks === undefined ? line : "");
      if (ticks === undefined) continue;
      open = { indent: indent.length, closing: new RegExp(`^ *${ticks} *$`), info, line: index + 1, lines: [] };
    } else {
      prose.push("");
      if (!open.closing.test(line)) {
        open.lines.push(line.slice(Math.min(open.indent, line.length - line.trimStart().length)));
        continue;
      }
      const [language = "", ...marks] = open.info.trim().split(/ +/);
      fences.push({ language, marks, text: `${open.lines.join("\n")}\n`, line: open.line });
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the fenced block is never closed`);
  return { fences, prose };
}

function withoutCode(line: string): string {
  return line.replaceAll(/`[^`]*`/g, "code");
}

function found(lines: readonly string[], pattern: RegExp): Link[] {
  return lines.flatMap((line, index) =>
    [...line.matchAll(pattern)].map(([, target = ""]) => ({ target, line: index + 1 })),
  );
}

function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split("|")
    .map((cell) => cell.trim());
}
