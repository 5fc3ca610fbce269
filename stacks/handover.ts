import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { Handover } from "../components/cluster.ts";
import { SECRET_PLACEHOLDER } from "../environments/schema/load.ts";

/** The cluster of another stack, as a serving stack takes it over. */
export interface InheritedCluster {
  /** The section `cluster` of the serving stack's environment. */
  readonly section: Readonly<Record<string, unknown>>;
  /** Identity of the cluster in the other stack. */
  readonly identity: string;
  /** A secret. undefined: the section has a context. */
  readonly kubeconfig: pulumi.Output<string> | undefined;
}

/**
 * Reads the cluster a cluster stack made.
 *
 * @param clusterStack `organization/project/stack`
 * @throws pulumi.RunError if the stack has no cluster yet, or one of another version of this program
 */
export async function inheritCluster(clusterStack: string): Promise<InheritedCluster> {
  const reference = new pulumi.StackReference("cluster-stack", { name: clusterStack });
  const details = await reference.getOutputDetails("cluster");
  const handover = parseHandover(clusterStack, details.value ?? details.secretValue);
  return {
    section: { ...handover.section, ...(handover.kubeconfig ? { kubeconfig: SECRET_PLACEHOLDER } : {}) },
    identity: handover.identity,
    kubeconfig: handover.kubeconfig
      ? pulumi.secret(reference.requireOutput("kubeconfig").apply((text) => z.string().parse(text)))
      : undefined,
  };
}

function parseHandover(clusterStack: string, value: unknown): Handover {
  const refuse = (rule: string, remedy: string) =>
    new pulumi.RunError(`layer.clusterStack: ${clusterStack} – ${rule}. ${remedy}`);
  if (value === undefined || value === null) {
    throw refuse("has no output `cluster`", `Run the cluster stack first: pulumi up --stack ${clusterStack}`);
  }
  const handover = Handover.safeParse(value);
  if (handover.success) return handover.data;
  throw refuse(
    `hands over a cluster in a form this program doesn't read (${z.prettifyError(handover.error).replaceAll("\n", " ")})`,
    "Run both stacks with the same version of the program, the cluster stack first.",
  );
}
