import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { OutputMap } from "@pulumi/pulumi/automation/index.js";

/** The first API key of a stack's outputs; null where the endpoint is open. */
export function firstKey(outputs: OutputMap): string | null {
  const keys: unknown = outputs.apiKeys?.value;
  if (typeof keys !== "object" || keys === null) return null;
  const [key] = Object.values(keys) as unknown[];
  return typeof key === "string" ? key : null;
}

/** Writes the key where only its owner can read it, so that it never has to stand in a terminal's scrollback. */
export function writeKey(path: string, key: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  chmodSync(path, 0o600);
}

/**
 * Keeps the first API key of a stack in a file.
 * @returns the key and its file, both null where the endpoint is open
 */
export function keepKey(
  outputs: OutputMap,
  path: string,
): { readonly key: string | null; readonly keyFile: string | null } {
  const key = firstKey(outputs);
  if (key === null) return { key, keyFile: null };
  writeKey(path, key);
  return { key, keyFile: path };
}
