import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { readdir, readFile, writeFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { z } from "zod";

import { EngineBusyError } from "./errors.ts";
import { backendFolder } from "./state.ts";

const lock = z.looseObject({ pid: z.number(), hostname: z.string(), timestamp: z.string() });

/** Time an engine whose parent was killed has to notice that its program and its providers are gone. */
const ORPHAN_MILLISECONDS = 10_000;

/**
 * Removes the lock a killed run left. The lock of a run that is alive stays.
 * @throws {@link EngineBusyError} if somebody works on the stack
 */
export async function removeStaleLocks(stateDir: string, stack: Stack): Promise<void> {
  const folder = path.join(backendFolder(stateDir), ".pulumi", "locks");
  const deadline = Date.now() + ORPHAN_MILLISECONDS;
  for (;;) {
    const locks = await readLocks(folder, stack.name);
    if (locks.length === 0) return;
    const alive = locks.find(({ pid, hostname: host }) => host !== hostname() || isRunning(pid));
    if (alive === undefined) {
      await stack.cancel();
      return;
    }
    if (Date.now() > deadline) throw new EngineBusyError(stack.name, alive.pid, alive.timestamp);
    await setTimeout(500);
  }
}

/**
 * Takes operations out of the state that were under way when a run was cut off. What they may have done is found again:
 * updates and deletions by the refresh the next run begins with, creations by the provider, which recognises what it made.
 */
export async function clearPendingOperations(stateDir: string, stack: Stack): Promise<void> {
  const file = path.join(stateDir, "recovery.json");
  await run(stack, ["stack", "export", "--file", file]);
  const exported = z
    .looseObject({ deployment: z.looseObject({ pending_operations: z.unknown() }) })
    .parse(JSON.parse(await readFile(file, "utf8")));
  exported.deployment.pending_operations = [];
  await writeFile(file, JSON.stringify(exported), { mode: 0o600 });
  await run(stack, ["stack", "import", "--file", file]);
  await rm(file);
}

/** The Automation API exports states with decrypted secrets only, so the command is run directly. */
async function run({ name, workspace }: Stack, args: readonly string[]): Promise<void> {
  await promisify(execFile)(workspace.pulumiCommand.command, [...args, "--stack", name, "--non-interactive"], {
    cwd: workspace.workDir,
    env: {
      ...process.env,
      ...workspace.envVars,
      ...(workspace.pulumiHome === undefined ? {} : { PULUMI_HOME: workspace.pulumiHome }),
    },
  });
}

async function readLocks(folder: string, stack: string): Promise<readonly z.infer<typeof lock>[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const ours = names.filter((name) => name.endsWith(".json") && name.split(path.sep).includes(stack));
  const texts = await Promise.all(ours.map((name) => readFile(path.join(folder, name), "utf8").catch(() => undefined)));
  return texts.flatMap((text) => (text === undefined ? [] : [lock.parse(JSON.parse(text))]));
}

/** Process numbers are used again: only an engine under this number means that the run goes on. */
function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("pulumi");
  } catch {
    return isAlive(pid);
  }
}

/** Whether there is such a process, where there is no /proc. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
