import { Name } from "../environments/schema/common.ts";
import type { Environment } from "../environments/schema/environment.ts";
import { didYouMean, oneOf } from "../environments/schema/problems.ts";
import { servedNameOf } from "./engine/command.ts";
import { namespaceOf } from "./names.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";

/** What is wrong with an environment as a whole, beyond any single model: names that collide and keys nobody has. */
export function checkStack(name: string, environment: Environment): Findings {
  return mergeFindings(
    checkName(name),
    checkUnique(environment, (model) => model.name, "name"),
    checkUnique(environment, servedNameOf, "servedName"),
    checkApiKeys(environment),
    checkContext(environment),
    checkClaims(name, environment),
  );
}

/** A claim of the user's lives in a namespace of the stack's: people have to know what comes first, and what destroy takes. */
function checkClaims(name: string, { models }: Environment): Findings {
  return mergeFindings(
    ...models.map(({ weights }, index) =>
      weights.kind === "claim"
        ? warned(
            `models[${index}].weights`,
            `Claim ${weights.name} must be in namespace ${namespaceOf(name)}, which the stack makes and destroy removes with everything in it. ` +
              "First time: bring the stack up with paused: true, create and fill the claim, then set paused: false. Keep the volume with reclaim policy Retain.",
          )
        : NO_FINDINGS,
    ),
  );
}

/** The environment's name is part of the namespace and of every label. */
function checkName(name: string): Findings {
  if (Name.safeParse(name).success) return NO_FINDINGS;
  return refused(
    "(name of the environment)",
    name,
    "must be at most 40 lower-case letters, digits and dashes, starting with a letter: the namespace is named after it",
    "Rename the file Pulumi.<name>.yaml and the stack.",
  );
}

function checkUnique(
  environment: Environment,
  nameOf: (model: Environment["models"][number]) => string,
  setting: "name" | "servedName",
): Findings {
  const names = environment.models.map(nameOf);
  const consequence = setting === "name" ? "their objects would be the same" : "requests could not tell them apart";
  return mergeFindings(
    ...names.map((name, index) => {
      const first = names.indexOf(name);
      return first === index
        ? NO_FINDINGS
        : refused(
            `models[${index}].${setting}`,
            name,
            `is that of models[${first}] too, and ${consequence}`,
            setting === "name"
              ? "Give each model its own name."
              : "Give one of them another servedName; for more engines of one model raise its replicas.",
          );
    }),
  );
}

/** A value under a mistyped name would be ignored, and a generated key would be in force instead. */
function checkApiKeys({ access, apiKeys }: Environment): Findings {
  const known = access.keys.map(({ name }) => name);
  return mergeFindings(
    ...Object.keys(apiKeys)
      .filter((name) => !known.includes(name))
      .map((name) => {
        const meant = didYouMean(name, known);
        const remedy =
          meant !== undefined
            ? `Did you mean ${meant}?`
            : known.length === 0
              ? `Add { name: ${name} } to access.keys.`
              : `Use ${oneOf(known)}, or add { name: ${name} } to access.keys.`;
        return refused(`apiKeys.${name}`, undefined, "is a key that access.keys does not have", remedy);
      }),
  );
}

function checkContext({ cluster }: Environment): Findings {
  if (cluster.context !== undefined || cluster.kubeconfig !== undefined) return NO_FINDINGS;
  return warned(
    "cluster.context",
    "It is not set, so the current context of your kubeconfig decides which cluster is changed. Name it.",
  );
}
