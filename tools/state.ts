import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "./cli.ts";

/** What the engine takes as the name of a stack; nothing that could leave the folder of all states. */
const NAME = /^[A-Za-z0-9][\w.-]*$/;

/**
 * The folder of what `npm start` keeps for an environment between commands: the embedded cluster's state, the stack's
 * and the kubeconfig. Outside the checkout, so that a deleted clone doesn't leave a cluster nobody can stop.
 *
 * @throws {@link UserError} for what can't be the name of an environment
 */
export function stateFolder(environment: string): string {
  if (!NAME.test(environment)) {
    throw new UserError(
      `--environment: ${environment} – is no name of a stack: it has letters, digits, dots, dashes and underscores. Rename the file.`,
    );
  }
  const { VLLM_STACK_STATE, XDG_STATE_HOME } = process.env;
  const root = VLLM_STACK_STATE ?? join(XDG_STATE_HOME ?? join(homedir(), ".local/state"), "pulumi-vllm-stack");
  return join(root, environment);
}
