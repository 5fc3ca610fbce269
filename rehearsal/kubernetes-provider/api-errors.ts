import { listAt, propertiesAt, textAt, type Properties } from "../clouds/values.ts";

/** One reason in an answer of the API server. */
export interface Cause {
  /** Path of the field, as the API server writes it: `spec.template.spec.containers[0].image`. */
  readonly field: string;
  readonly message: string;
}

/** The API server refused a request. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status. */
  readonly code: number;
  /** Machine-readable reason: `NotFound`, `Invalid`, `Conflict`, … */
  readonly reason: string;
  readonly causes: readonly Cause[];
  /** What the refusal is about: kind (or resource) and name. */
  readonly about: { readonly kind: string; readonly name: string };

  constructor(code: number, status: Properties, fallback: string) {
    super(textAt(status, "message") ?? fallback);
    this.code = code;
    this.reason = textAt(status, "reason") ?? "";
    const details = propertiesAt(status, "details");
    this.about = { kind: textAt(details, "kind") ?? "", name: textAt(details, "name") ?? "" };
    this.causes = listAt(details, "causes").map((cause) => ({
      field: textAt(cause, "field") ?? "",
      message: textAt(cause, "message") ?? "",
    }));
  }

  /** Whether the object itself isn't there. */
  get isNotFound(): boolean {
    return this.code === 404;
  }

  /** The namespace that doesn't exist, if that is why. */
  get missingNamespace(): string | undefined {
    return this.isNotFound && this.about.kind === "namespaces" ? this.about.name : undefined;
  }

  /** Whether other field managers own what was to be changed. */
  get isFieldConflict(): boolean {
    return this.code === 409 && this.causes.length > 0;
  }

  /**
   * Fields that can't be changed in place, if nothing else is wrong. The API server has no code for it: the words are those of
   * the validation of Kubernetes 1.36 (2026-11-20).
   */
  get immutableFields(): readonly string[] {
    if (this.code !== 422 || this.causes.length === 0) return [];
    return this.causes.every(({ message }) => IMMUTABLE_WORDS.test(message))
      ? this.causes.map(({ field }) => field)
      : [];
  }
}

const IMMUTABLE_WORDS =
  /immutable|may not (?:be )?change|cannot (?:be )?change|can not be changed|updates to .* (?:are )?forbidden|may not be unset|must not be changed/i;

/** The API server could not be asked. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";

  constructor(server: string, reason: string) {
    super(
      `The API server ${server} can't be reached: ${reason}. Is the cluster running, and is the kubeconfig its own?`,
    );
  }
}

/** A refusal for people: the object, then each field with the rule it breaks. */
export function explain(object: string, error: ApiError): string {
  if (error.isFieldConflict) {
    const fields = error.causes.map(({ field, message }) => `${field.replace(/^\./, "")} (${message})`).join(", ");
    return (
      `${object}: other managers own fields of it: ${fields}. Leave these fields out, ` +
      `or take them over with the annotation pulumi.com/patchForce: "true".`
    );
  }
  if (error.code === 422 && error.causes.length > 0) {
    const causes = error.causes.map(({ field, message }) => `\n  ${field}: ${message}`);
    return `${object} is refused by the API server:${causes.join("")}`;
  }
  return `${object} is refused by the API server: ${error.message}`;
}
