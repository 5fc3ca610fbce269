/**
 * Writes the files that follow from the sources, or with `--check` fails where one is not current.
 * `npm run generate` after a change of the schema.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { environmentSchema } from "./generate/schema.ts";
import { settingsPage } from "./generate/settings.ts";

const ROOT = join(import.meta.dirname, "..");

/** Generated files, by path below the project. */
const FILES: Readonly<Record<string, () => string>> = {
  "environments/schema/environment.schema.json": environmentSchema,
  "docs/settings.md": settingsPage,
};

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const stale = Object.entries(FILES).filter(([path, render]) => {
    const target = join(ROOT, path);
    const text = render();
    if (check) return !isCurrent(target, text);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
    return false;
  });
  for (const [path] of stale) console.error(`${path} is not current. Run \`npm run generate\` and commit the result.`);
  if (stale.length > 0) process.exitCode = 1;
}

function isCurrent(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}
