import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

import type { Value } from "./values.ts";

/**
 * What exists in a simulated cloud, by key. With a file it outlives the process, as a cloud outlives a run that was killed:
 * every change is on disk before the call returns.
 */
export class Store<T extends Value> {
  readonly #items: Map<string, T>;
  readonly #file: string | undefined;

  /**
   * @param parse reads one item back; it throws for what is none
   * @param file where items are kept. @default only in memory
   */
  constructor(parse: (item: unknown) => T, file?: string) {
    this.#file = file;
    this.#items = new Map(file === undefined ? [] : load(file).map(([key, item]) => [key, parse(item)]));
  }

  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  has(key: string): boolean {
    return this.#items.has(key);
  }

  set(key: string, item: T): void {
    this.#items.set(key, item);
    this.#save();
  }

  delete(key: string): boolean {
    const existed = this.#items.delete(key);
    this.#save();
    return existed;
  }

  /** Keys and items, in the order they were made. */
  entries(): readonly (readonly [string, T])[] {
    return [...this.#items];
  }

  #save(): void {
    if (this.#file === undefined) return;
    mkdirSync(path.dirname(this.#file), { recursive: true });
    // Renaming is atomic: a run killed here leaves the old file or the new one.
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(Object.fromEntries(this.#items)), { mode: 0o600 });
    renameSync(temporary, this.#file);
  }
}

function load(file: string): [string, unknown][] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  const parsed: unknown = JSON.parse(text);
  return typeof parsed === "object" && parsed !== null ? Object.entries(parsed) : [];
}
