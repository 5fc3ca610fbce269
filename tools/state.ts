import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder of what `npm start` keeps for an environment between commands: the embedded cluster's state, the stack's
 * and the kubeconfig. Outside the checkout, so that a deleted clone doesn't leave a cluster nobody can stop.
 */
export function stateFolder(environment: string): string {
  const { VLLM_STACK_STATE, XDG_STATE_HOME } = process.env;
  const root = VLLM_STACK_STATE ?? join(XDG_STATE_HOME ?? join(homedir(), ".local/state"), "pulumi-vllm-stack");
  return join(root, environment);
}
