import { checkHost } from "../../rehearsal/cluster/host.ts";
import { rehearsalProblems } from "../../rehearsal/prepare.ts";
import { EXIT, UserError } from "../cli.ts";

/** What to do where the embedded cluster can't run. */
export const ALTERNATIVE =
  "On a cluster of your own: npm start -- --context NAME, or with the Pulumi CLI installed: pulumi up -s kind.";

/**
 * Refuses a machine that can't run the embedded cluster, before anything is built or downloaded.
 * @throws {@link UserError} with everything that is missing and what to do instead
 */
export async function requireHost(): Promise<void> {
  const host = checkHost().map(({ message }) => message);
  // Where there is no Linux or no root, Go and apt make no difference.
  const problems = host.length > 0 ? host : await rehearsalProblems();
  if (problems.length > 0) throw new UserError([...problems, ALTERNATIVE].join("\n"), { exitCode: EXIT.no });
}
