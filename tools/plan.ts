import { parseArgs } from "node:util";
import { environmentNames, plainSecrets, readEnvironment } from "../environments/schema/file.ts";
import { EnvironmentError } from "../environments/schema/problems.ts";
import { plan } from "../planning/plan.ts";
import type { Warning } from "../planning/types.ts";
import { EXIT, runCommand, UserError } from "./cli.ts";
import { showPlan } from "./plan-output.ts";

const HELP = `What would be built? Nobody is asked and nothing is changed: no engine, no cluster, no account.

  npm run plan -- <environment> [--json]

  <environment>  name of environments/Pulumi.<name>.yaml, or the path of such a file
  --json         the whole plan as JSON
  --help

  A wrong environment, or one whose models don't fit, ends with all its problems and exit code 2.
`;

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const [wanted, ...rest] = positionals;
  if (wanted === undefined || rest.length > 0) {
    const which = wanted === undefined ? "missing" : `${positionals.join(" ")} – only one can be planned at a time`;
    throw new UserError(`environment: ${which}. There are: ${environmentNames().join(", ")}.\n\n${HELP}`);
  }
  const { name, path, environment } = read(wanted);
  const made = refusing(() => plan(name, environment));
  const planned = { ...made, warnings: [...made.warnings, ...plainSecrets(path).map(inClear)] };
  process.stdout.write(values.json === true ? `${JSON.stringify(planned, null, 2)}\n` : showPlan(planned));
  return EXIT.ok;
}

function inClear(path: string): Warning {
  const command = `pulumi config set --secret --path 'vllm-stack:${path}'`;
  return {
    path,
    text: `This secret stands in clear in the file, for everybody who reads it or its history. Replace it: ${command}`,
  };
}

function read(wanted: string): ReturnType<typeof readEnvironment> {
  return refusing(() => readEnvironment(wanted));
}

/** An environment's problems are the answer, not a defect: printed without a stack trace. */
function refusing<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof EnvironmentError) throw new UserError(error.message, { cause: error });
    throw error;
  }
}

await runCommand(main);
