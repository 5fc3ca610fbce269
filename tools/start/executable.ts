import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join } from "node:path";

/** Absolute path of a program in the first of these folders that has it, with links resolved; undefined where none has. */
export function findExecutable(name: string, folders: readonly string[]): string | undefined {
  for (const folder of folders.filter((candidate) => candidate !== "")) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return realpathSync(path);
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}
