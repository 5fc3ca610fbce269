import { createHash } from "node:crypto";

/**
 * Short content hash of files, the same whatever their order: it stands in the annotations of a pod template, so that
 * a changed file rolls the pods out and an unchanged one doesn't. Never for secrets: short ones could be guessed from it.
 *
 * @returns 16 hexadecimal digits
 */
export function contentHash(files: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex").slice(0, 16);
}
