import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parseDocument } from "yaml";
import { z } from "zod";
import { didYouMean, EnvironmentError, oneOf } from "../environments/schema/problems.ts";

const Kubeconfig = z.object({ contexts: z.array(z.object({ name: z.string() })).nullish() });

/** Files the local kubeconfig is made of: those of KUBECONFIG, or `~/.kube/config`. */
export function kubeconfigFiles(environment: Readonly<Record<string, string | undefined>> = process.env): string[] {
  const listed = (environment.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  return listed.length > 0 ? listed : [join(environment.HOME ?? homedir(), ".kube", "config")];
}

/** Names of the contexts of the local kubeconfig, sorted. Files that don't exist or aren't kubeconfigs have none. */
export function kubeconfigContexts(files: readonly string[] = kubeconfigFiles()): string[] {
  return [...new Set(files.flatMap(contextsOf))].sort();
}

/**
 * Refuses a context that the local kubeconfig doesn't have, before the engine tries to reach it.
 *
 * @param file what messages call the environment
 * @throws {@link EnvironmentError}
 */
export function requireContext(file: string, context: string): void {
  const files = kubeconfigFiles();
  const known = kubeconfigContexts(files);
  if (known.includes(context)) return;
  const meant = didYouMean(context, known);
  throw new EnvironmentError(file, [
    {
      path: "cluster.context",
      value: context,
      rule: `is not a context of ${files.join(", ")}`,
      remedy:
        known.length === 0
          ? "No context is there: create a cluster, or point KUBECONFIG at the kubeconfig of one."
          : meant === undefined
            ? `Use ${oneOf(known)}.`
            : `Did you mean ${meant}?`,
    },
  ]);
}

function contextsOf(file: string): string[] {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return [];
  const document = parseDocument(readFileSync(file, "utf8"), { prettyErrors: false });
  if (document.errors.length > 0) return [];
  const parsed = Kubeconfig.safeParse(document.toJS());
  return parsed.success ? (parsed.data.contexts ?? []).map((context) => context.name) : [];
}
