import { EnvironmentError, formatProblem } from "../../environments/schema/problems.ts";
import { requireContext } from "../../stacks/observe.ts";
import { EXIT, UserError } from "../cli.ts";

/**
 * Refuses a context that the local kubeconfig doesn't have, with the one that may be meant.
 *
 * @param source where the name was given: `--context`, or the path of a setting
 * @throws {@link UserError}
 */
export function requireKnownContext(source: string, context: string): void {
  try {
    requireContext(source, context);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const texts = error.problems.map((problem) => formatProblem({ ...problem, path: source }));
    throw new UserError(texts.join("\n"), { exitCode: EXIT.usage });
  }
}
