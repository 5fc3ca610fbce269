import type { EnvironmentFile } from "../../environments/schema/file.ts";
import type { Plan } from "../../planning/types.ts";
import type { Progress } from "../../rehearsal/progress.ts";

/** What both ways to start know. */
export interface StartOptions {
  readonly file: EnvironmentFile;
  readonly plan: Plan;
  /** Loopback ports; 0 lets the system choose. */
  readonly ports: { readonly endpoint: number; readonly prometheus: number };
  readonly progress: Progress;
  readonly signal: AbortSignal;
}
