import { join } from "node:path";
import type { EnvironmentFile } from "../../environments/schema/file.ts";
import type { Plan } from "../../planning/types.ts";
import type { Progress } from "../../rehearsal/progress.ts";
import type { WantedPort } from "../ports.ts";

/** Project folder. */
export const ROOT = join(import.meta.dirname, "../..");

/** What both ways to start know. */
export interface StartOptions {
  readonly file: EnvironmentFile;
  readonly plan: Plan;
  /** Folder for what is kept between commands. */
  readonly state: string;
  /** Loopback ports; 0 lets the system choose. */
  readonly ports: { readonly endpoint: number; readonly prometheus: number };
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Folders and files below an environment's state folder. */
export const FOLDERS = { cluster: "cluster", stack: "stack", key: "api-key" } as const;

/** How the next commands name the environment: by its name where that is enough, else by its file. */
export function referenceTo({ name, path }: EnvironmentFile): string {
  return path === join(ROOT, "environments", `Pulumi.${name}.yaml`) ? name : path;
}

/** The ports as they were asked for; Prometheus's only where there is one. */
export function wantedPorts({ plan, ports }: StartOptions): WantedPort[] {
  return [
    { option: "--port", title: "the OpenAI endpoint", port: ports.endpoint },
    ...(plan.observability === null
      ? []
      : [{ option: "--prometheus-port", title: "Prometheus", port: ports.prometheus }]),
  ];
}
