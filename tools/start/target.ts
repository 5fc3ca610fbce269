import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { z } from "zod";
import { readSettings } from "../../environments/schema/file.ts";
import { kubeconfigFiles } from "../../stacks/observe.ts";
import { passphraseOwner } from "./passphrase.ts";

/** File below an environment's state folder that says on which cluster of the user's its stack is. */
const TARGET_FILE = "target.json";

const Target = z.strictObject({
  /** Absolute paths, as KUBECONFIG has them: the next command may run elsewhere. */
  kubeconfig: z.string(),
  context: z.string(),
  passphrase: z.enum(["user", "local"]),
  /** The environment's section `cluster`, with the context. */
  config: z.object({ cluster: z.json() }),
});

/** On which cluster a stack is. */
export type Target = z.output<typeof Target>;

/** What an environment's target is, from its file, the local kubeconfig and the context asked for. */
export function targetOf(path: string, context: string): Target {
  const { cluster } = readSettings(path);
  const files = kubeconfigFiles().filter((file) => existsSync(file));
  return Target.parse({
    kubeconfig: files.map((file) => resolve(file)).join(delimiter),
    context,
    passphrase: passphraseOwner(path),
    config: { cluster: { ...(typeof cluster === "object" ? cluster : {}), context } },
  });
}

/** Keeps the target for later commands. */
export function writeTarget(state: string, target: Target): void {
  writeFileSync(join(state, TARGET_FILE), `${JSON.stringify(target, null, 2)}\n`, { mode: 0o600 });
}

/** What {@link writeTarget} kept; undefined for an environment on an embedded cluster, or on none. */
export function readTarget(state: string): Target | undefined {
  const path = join(state, TARGET_FILE);
  return existsSync(path) ? Target.parse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
}
