import { stripVTControlCharacters, styleText } from "node:util";

/** Styles used in the commands' output. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Where text goes; colours are for terminals alone. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Whether to colour what goes there: terminals, unless `NO_COLOR` is set or `TERM` is `dumb`; `FORCE_COLOR` (not `0`) forces it.
 * @see https://no-color.org
 */
export function usesColor(output: Output = process.stdout, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0") return true;
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== "") return false;
  return output.isTTY === true && env.TERM !== "dumb";
}

/** The text in that style where colours are used, the bare text elsewhere. */
export function color(style: Style, text: string, enabled = usesColor()): string {
  return enabled && text !== "" ? styleText(style, text, { validateStream: false }) : text;
}

/** Cells a terminal needs for the text, control sequences not counted. */
export function widthOf(text: string): number {
  return Array.from(stripVTControlCharacters(text)).length;
}

/** A column of a {@link table}. */
export interface Column {
  readonly title: string;
  /** Numbers go to the right. @default left */
  readonly align?: "left" | "right";
}

/**
 * Rows as an aligned table with a header and a rule below it. Cells may hold control sequences; missing cells are empty and
 * trailing blanks are left away, so that the output can be piped.
 */
export function table(
  rows: readonly (readonly string[])[],
  columns: readonly Column[],
  options: { readonly color?: boolean; readonly gap?: number } = {},
): string {
  const widths = columns.map((column, index) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[index] ?? ""))),
  );
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, index) => pad(cells[index] ?? "", widths[index] ?? 0, column.align ?? "left"))
      .join(" ".repeat(options.gap ?? 2))
      .trimEnd();
  const header = line(columns.map((column) => color("bold", column.title, options.color)));
  const rule = line(widths.map((width) => "─".repeat(width)));
  return [header, color("dim", rule, options.color), ...rows.map(line)].join("\n");
}

function pad(text: string, width: number, align: "left" | "right"): string {
  const blanks = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "left" ? text + blanks : blanks + text;
}
