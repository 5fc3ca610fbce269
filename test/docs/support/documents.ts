import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readMarkdown, type MarkdownFile } from "./markdown.ts";

/** The project's folder. */
export const ROOT = join(import.meta.dirname, "../../..");

/** Every page people read, by its path. */
export const DOCUMENTS: readonly MarkdownFile[] = ["README.md", "CONTRIBUTING.md", ...find("docs/**/*.md")].map(
  (path) => readMarkdown(ROOT, path),
);

/** One page. */
export function documentAt(path: string): MarkdownFile {
  const document = DOCUMENTS.find((candidate) => candidate.path === path);
  if (document === undefined) throw new Error(`${path} is not there`);
  return document;
}

/** Files of the project by a pattern, sorted. */
export function find(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).sort();
}

/** Scripts of package.json by name. */
export const SCRIPTS: Readonly<Record<string, string>> = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"))).scripts;

/** What stands in all files of the program, texts that go over several lines joined. */
export function programText(): string {
  const folders = ["catalog", "components", "environments", "planning", "rehearsal", "stacks", "tools"];
  const files = folders.flatMap((folder) => find(`${folder}/**/*.{ts,js}`)).concat("main.js", "index.ts");
  const text = files.map((path) => readFileSync(join(ROOT, path), "utf8")).join("\n");
  return text.replaceAll(/["`]\s*\+\s*["`]/g, "");
}
