import { formatPath, isList, isProperties, type Path, type Properties, type Value } from "./values.ts";

/** Shorter texts are not looked for in messages: they would be found everywhere and hide nothing worth hiding. */
const SHORTEST_REDACTED = 4;

/** Shorter texts are not recognised at other places: `default` in a Secret must not make every namespace a secret. */
const SHORTEST_RECOGNISED = 8;

/**
 * Which parts of a resource's properties are secret: by path, and by value, so that a secret stays one when a provider
 * returns it at another place.
 */
export class Secrets {
  readonly #paths = new Set<string>();
  readonly #recognised = new Set<string>();
  readonly #redacted = new Set<string>();

  /** Notes that the program marked the value at the path as secret, with everything in it. */
  add(path: Path, value: Value): void {
    this.#paths.add(formatPath(path));
    for (const text of texts(value)) {
      if (text.length >= SHORTEST_RECOGNISED) this.#recognised.add(text);
      this.#redact(text);
    }
  }

  /** Notes that properties are secret by the nature of the resource, like the data of a Kubernetes Secret. */
  addProperties(names: readonly string[], properties: Properties): void {
    for (const name of names) {
      this.#paths.add(name);
      const value = properties[name];
      if (value !== undefined)
        texts(value).forEach((text) => {
          this.#redact(text);
        });
    }
  }

  /** Notes a text that must not appear in messages although no property holds it in this form. */
  addText(text: string): void {
    this.#redact(text);
  }

  /** Notes everything other sets of secrets hold. */
  addAll(...others: readonly Secrets[]): this {
    for (const other of others) {
      other.#paths.forEach((path) => this.#paths.add(path));
      other.#recognised.forEach((text) => this.#recognised.add(text));
      other.#redacted.forEach((text) => this.#redacted.add(text));
    }
    return this;
  }

  /** Whether the value at the path has to be marked as secret. */
  has(path: Path, value: Value): boolean {
    return this.#paths.has(formatPath(path)) || (typeof value === "string" && this.#recognised.has(value));
  }

  /** The message with every secret in it, plain or in base64, replaced by `[secret]`. */
  redact(message: string): string {
    const longestFirst = [...this.#redacted].sort((one, other) => other.length - one.length);
    return longestFirst.reduce((redacted, text) => redacted.replaceAll(text, "[secret]"), message);
  }

  /** Kubernetes shows the content of Secrets in base64, JSON shows line breaks as escapes, errors quote single lines. */
  #redact(text: string): void {
    const lines = text.includes("\n") ? text.split("\n").map((line) => line.trim()) : [];
    for (const form of [text, Buffer.from(text).toString("base64"), JSON.stringify(text).slice(1, -1), ...lines]) {
      if (form.length >= SHORTEST_REDACTED) this.#redacted.add(form);
    }
  }
}

/** Every text and number in a value. */
function texts(value: Value): readonly string[] {
  if (isList(value)) return value.flatMap(texts);
  if (isProperties(value)) return Object.values(value).flatMap(texts);
  return typeof value === "string" || typeof value === "number" ? [String(value)] : [];
}
