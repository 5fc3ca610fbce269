/**
 * Where two values of plain data differ, one line each: `path: before → after`. Long texts are compared line by line, so
 * that a changed line of a file is seen and not the file.
 */
export function differences(before: unknown, after: unknown, path = ""): string[] {
  if (Object.is(before, after)) return [];
  if (typeof before === "string" && typeof after === "string" && (before + after).includes("\n")) {
    return differences(before.split("\n"), after.split("\n"), path);
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) return inLists(before, after, path);
  return [`${path}: ${show(before)} → ${show(after)}`];
}

/** Items of the same place are compared where only few differ; else what went and what came is named. */
function inLists(before: readonly unknown[], after: readonly unknown[], path: string): string[] {
  if (before.length === after.length) {
    return before.flatMap((item, index) => differences(item, after[index], `${path}[${index}]`));
  }
  const texts = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item));
  const [was, is] = [texts(before), texts(after)];
  return [
    ...was.filter((text) => !is.includes(text)).map((text) => `${path}: − ${shorten(text)}`),
    ...is.filter((text) => !was.includes(text)).map((text) => `${path}: + ${shorten(text)}`),
    ...(was.length !== is.length && was.every((text) => is.includes(text)) && is.every((text) => was.includes(text))
      ? [`${path}: ${was.length} items → ${is.length} items`]
      : []),
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? "nothing" : shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 197)}…` : text;
}
