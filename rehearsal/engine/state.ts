import { readFile } from "node:fs/promises";
import path from "node:path";

import { z } from "zod";

import { PROJECT } from "./workspace.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  custom: z.boolean().default(false),
  id: z.string().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).default([]),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

const checkpoint = z.looseObject({
  checkpoint: z.looseObject({
    latest: z
      .looseObject({
        resources: z.array(resource).nullish(),
        pending_operations: z.array(z.looseObject({ type: z.string(), resource })).nullish(),
      })
      .nullish(),
  }),
});

/** A resource in the state. Secrets are as encrypted there as they are on disk. */
export type StateResource = z.infer<typeof resource>;

/** An operation that was under way when a run was cut off. */
export interface PendingOperation {
  /** `creating`, `updating`, `deleting`, `reading`. */
  readonly type: string;
  readonly urn: string;
}

/** What the engine knows. */
export interface StackState {
  readonly resources: readonly StateResource[];
  readonly pendingOperations: readonly PendingOperation[];
  /** The state as it is on disk, to look for what must not be there. */
  readonly text: string;
}

/** Folder under which the file backend keeps everything of the project. */
export function backendFolder(stateDir: string): string {
  return path.join(stateDir, "state");
}

/** Reads the state of a stack from the file backend; a stack that was never run has an empty one. */
export async function readState(stateDir: string, stack: string): Promise<StackState> {
  const file = path.join(backendFolder(stateDir), ".pulumi", "stacks", PROJECT, `${stack}.json`);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  });
  if (text === "") return { resources: [], pendingOperations: [], text };
  const { latest } = checkpoint.parse(JSON.parse(text)).checkpoint;
  return {
    resources: latest?.resources ?? [],
    pendingOperations: (latest?.pending_operations ?? []).map(({ type, resource: { urn } }) => ({ type, urn })),
    text,
  };
}
