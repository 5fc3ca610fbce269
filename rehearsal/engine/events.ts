import type { EngineEvent, OpType } from "@pulumi/pulumi/automation/index.js";

/** What the engine does with a resource: `create`, `update`, `same`, `delete`, `replace`, … */
export type Operation = OpType;

/** One step of a plan or of a run. */
export interface Step {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly operation: Operation;
  /** Property paths that differ. */
  readonly changed: readonly string[];
  /** Property paths because of which the resource is replaced. */
  readonly replacedBy: readonly string[];
  /** `planned` steps were previewed, `done` and `failed` ones were run, `started` ones were cut off. */
  readonly status: "planned" | "started" | "done" | "failed";
  readonly seconds: number;
}

/** A message of the engine or of a provider. */
export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  /** Resource it is about; absent for messages about the whole. */
  readonly urn?: string;
}

/** What a preview or a run did. */
export interface RunResult {
  /** Number of resources by operation, as the engine counts them. */
  readonly changes: Readonly<Partial<Record<Operation, number>>>;
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  /** Wall time with the start of the engine. */
  readonly seconds: number;
}

/** What happens, while it happens. */
export type Progress =
  | { readonly kind: "started" | "finished"; readonly step: Step }
  | { readonly kind: "status"; readonly urn: string; readonly message: string }
  | { readonly kind: "message"; readonly diagnostic: Diagnostic };

/** Steps of a result that change something, without the stack itself and without providers and components that stay. */
export function changedSteps(result: Pick<RunResult, "steps">): readonly Step[] {
  return result.steps.filter(
    ({ operation }) => operation !== "same" && operation !== "read" && operation !== "refresh",
  );
}

/** Turns the engine's events into a result, and passes them on as progress. */
export class EventCollector {
  readonly #onProgress: (progress: Progress) => void;
  readonly #steps = new Map<string, Step>();
  readonly #startTimes = new Map<string, number>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #begin = performance.now();
  #changes: RunResult["changes"] = {};

  constructor(onProgress: (progress: Progress) => void) {
    this.#onProgress = onProgress;
  }

  /** Takes one event. */
  readonly take = (event: EngineEvent): void => {
    const { resourcePreEvent, resOutputsEvent, resOpFailedEvent, diagnosticEvent, summaryEvent } = event;
    if (resourcePreEvent !== undefined) {
      this.#step(resourcePreEvent.metadata, resourcePreEvent.planning === true ? "planned" : "started");
    }
    if (resOutputsEvent !== undefined) {
      this.#step(resOutputsEvent.metadata, resOutputsEvent.planning === true ? "planned" : "done");
    }
    if (resOpFailedEvent !== undefined) this.#step(resOpFailedEvent.metadata, "failed");
    if (diagnosticEvent !== undefined) this.#diagnostic(diagnosticEvent);
    if (summaryEvent !== undefined) this.#changes = summaryEvent.resourceChanges;
  };

  /** What has happened so far. */
  result(): RunResult {
    return {
      changes: this.#changes,
      steps: [...this.#steps.values()],
      diagnostics: this.#diagnostics,
      seconds: (performance.now() - this.#begin) / 1000,
    };
  }

  /** The engine's errors as one text, each with the resource it is about; empty if it reported none. */
  errors(): string {
    const errors = this.#diagnostics.filter(({ severity }) => severity === "error");
    const texts = errors.map(({ message, urn }) => (urn === undefined ? message : withResource(message, urn)));
    // "update failed" says nothing where the reason is given beside it.
    const reasons = texts.filter((text) => !/^(?:[^:]*: )?(update|preview) failed$/.test(text.trim()));
    return [...new Set(reasons.length > 0 ? reasons : texts)].join("\n");
  }

  #step(metadata: StepMetadata, status: Step["status"]): void {
    const refreshKey = `${metadata.urn} refresh`;
    const key = `${metadata.urn} ${metadata.op}`;
    const now = performance.now();
    // A refresh begins as such and ends as what it found: same, update or delete.
    const start = this.#startTimes.get(key) ?? this.#startTimes.get(refreshKey);
    if (start === undefined) this.#startTimes.set(key, now);
    else if (key !== refreshKey) this.#steps.delete(refreshKey);
    const step: Step = {
      urn: metadata.urn,
      type: metadata.type,
      name: nameOf(metadata.urn),
      operation: metadata.op,
      changed: Object.keys(metadata.detailedDiff ?? {}).concat(metadata.detailedDiff ? [] : (metadata.diffs ?? [])),
      replacedBy: metadata.keys ?? [],
      status,
      seconds: (now - (start ?? now)) / 1000,
    };
    this.#steps.set(key, step);
    this.#onProgress({ kind: start === undefined ? "started" : "finished", step });
  }

  #diagnostic(event: DiagnosticEvent): void {
    // Debugging messages hold secrets in plain text.
    if (!SHOWN.has(event.severity)) return;
    const message = unwrapped(withoutMarkup(event.message)).trimEnd();
    if (message === "") return;
    const urn = event.urn === undefined || event.urn === "" ? undefined : event.urn;
    if (event.ephemeral === true) {
      if (urn !== undefined) this.#onProgress({ kind: "status", urn, message });
      return;
    }
    const severity = event.severity === "info#err" ? "info" : event.severity;
    const diagnostic = { severity, message, ...(urn === undefined ? {} : { urn }) };
    this.#diagnostics.push(diagnostic);
    this.#onProgress({ kind: "message", diagnostic });
  }
}

/** What the engine sends beyond its declared type are debugging messages. */
const SHOWN: ReadonlySet<string> = new Set(["info", "info#err", "warning", "error"]);

type StepMetadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];
type DiagnosticEvent = NonNullable<EngineEvent["diagnosticEvent"]>;

/** The name a resource has in the program. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** A resource for people: the kind of its type and its name. */
export function describe(urn: string): string {
  const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
  return `${type.split(":").at(-1) ?? type} ${nameOf(urn)}`;
}

/** Our kubernetes providers begin with the object's kind and name already. */
function withResource(message: string, urn: string): string {
  const resource = describe(urn);
  const kind = resource.split(" ", 1)[0] ?? "";
  return message.startsWith(`${kind} `) ? message : `${resource}: ${message}`;
}

/** The engine wraps what a provider reports: refusals in previews, and the reasons of an unready resource as a list. */
function unwrapped(message: string): string {
  return message
    .replace(/^Preview failed: /, "")
    .replace(/^\d+ errors? occurred:\s*/, "")
    .replaceAll(/^\s*\* /gm, "");
}

/** The engine marks colours as `<{%fg 1%}>` also where it is asked for none. */
function withoutMarkup(message: string): string {
  return message.replaceAll(/<\{%.*?%\}>/g, "");
}
