import { checkHost } from "../../rehearsal/cluster/host.ts";
import { rehearsalProblems } from "../../rehearsal/prepare.ts";
import { EXIT, UserError } from "../cli.ts";

/** What to do where the embedded cluster can't run. */
export const ALTERNATIVE =
  "On a cluster of your own: npm start -- --context NAME, or with the Pulumi CLI installed: pulumi up -s kind.";

/** Where the problems come from; a test brings its own. */
export interface HostChecks {
  /** What keeps an embedded cluster from running here. */
  readonly cluster: () => readonly { readonly message: string }[];
  /** What keeps its programs from being built here. */
  readonly tools: () => Promise<readonly string[]>;
}

/**
 * Refuses a machine that can't run the embedded cluster, before anything is built or downloaded.
 * @throws {@link UserError} with everything that is missing and what to do instead
 */
export async function requireHost(
  checks: HostChecks = { cluster: checkHost, tools: rehearsalProblems },
): Promise<void> {
  const host = checks.cluster().map(({ message }) => message);
  // Where there is no Linux or no root, Go and apt make no difference.
  const problems = host.length > 0 ? host : await checks.tools();
  if (problems.length > 0) throw new UserError([...problems, ALTERNATIVE].join("\n"), { exitCode: EXIT.no });
}
