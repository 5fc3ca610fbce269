/** `npm run connect -- <environment>`: forwards the endpoint, Grafana and Prometheus to this machine until Ctrl-C. */
import { KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readEnvironment } from "../environments/schema/file.ts";
import { plan } from "../planning/plan.ts";
import type { Plan, WorkloadPlan } from "../planning/types.ts";
import { EXIT, runCommand, UserError } from "./cli.ts";
import { forwardTarget, openForward } from "./forward.ts";
import { portOf, requireFreePorts, type WantedPort } from "./ports.ts";
import { requireKnownContext } from "./start/context.ts";
import { FOLDERS } from "./start/options.ts";
import { readTarget } from "./start/target.ts";
import { stateFolder } from "./state.ts";
import { color, table } from "./terminal.ts";

const HELP = `npm run connect -- ENVIRONMENT [OPTIONS]

Forwards the OpenAI endpoint, Prometheus and Grafana of an environment to loopback ports of this machine, until Ctrl-C.
ENVIRONMENT is a name or a file.

  --port N                  of the OpenAI endpoint (default: 8000; 0: any free one)
  --prometheus-port N       of Prometheus (default: 9090)
  --grafana-port N          of Grafana (default: 3000)
  --context NAME            kubeconfig context, instead of the environment's
`;

/** Something to forward, and the port it shall have here. */
interface Wanted extends WantedPort {
  readonly workload: WorkloadPlan;
  /** Of the URL. */
  readonly path: string;
}

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string", default: "8000" },
      "prometheus-port": { type: "string", default: "9090" },
      "grafana-port": { type: "string", default: "3000" },
      context: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [name] = positionals;
  if (name === undefined) throw new UserError("Which environment? npm run connect -- ENVIRONMENT");
  const file = readEnvironment(name);
  const planned = plan(file.name, file.environment);
  const wanted = wantedOf(planned, {
    endpoint: portOf(values.port, "--port"),
    prometheus: portOf(values["prometheus-port"], "--prometheus-port"),
    grafana: portOf(values["grafana-port"], "--grafana-port"),
  });
  const config = kubeConfigOf(planned, values.context);
  await requireFreePorts(wanted, new Set());
  const open = await Promise.all(
    wanted.map(({ workload, port }) => openForward(config, forwardTarget(planned.namespace, workload, port))),
  );
  const rows = wanted.map(({ title, path }, index) => [title, `http://${open[index]?.address ?? ""}${path}`]);
  console.log(table(rows, [{ title: "what" }, { title: "address" }]));
  console.log(color("dim", `\n${secretsHint(file.name)} Ctrl-C ends.`));
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  await Promise.all(open.map((forward) => forward.close()));
  process.exit(EXIT.ok);
});

function wantedOf(planned: Plan, ports: Record<"endpoint" | "prometheus" | "grafana", number>): Wanted[] {
  const { front, observability } = planned;
  const wanted = (title: string, option: string, port: number, workload: WorkloadPlan | null | undefined, path = "") =>
    workload === null || workload === undefined ? [] : [{ title, option, port, workload, path }];
  return [
    ...wanted("OpenAI endpoint", "--port", ports.endpoint, front.workload, "/v1"),
    ...wanted("Prometheus", "--prometheus-port", ports.prometheus, observability?.prometheus),
    ...wanted("Grafana", "--grafana-port", ports.grafana, observability?.grafana),
  ];
}

/** The kubeconfig `npm start` left for the environment, or the local one, with the right context. */
function kubeConfigOf(planned: Plan, given: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const state = stateFolder(planned.environment);
  const target = readTarget(state);
  const embedded = join(state, FOLDERS.cluster, "kubeconfig.yaml");
  if (target !== undefined) process.env.KUBECONFIG = target.kubeconfig;
  else if (existsSync(embedded)) process.env.KUBECONFIG = embedded;
  const context = given ?? target?.context ?? planned.cluster.context;
  if (context !== null) {
    const hint = existsSync(state) ? "" : ` (${planned.environment} is not up by npm start)`;
    const source = `${planned.environment}: cluster.context${hint}`;
    requireKnownContext(given === undefined ? source : "--context", context);
  }
  config.loadFromDefault();
  if (context !== null) config.setCurrentContext(context);
  return config;
}

/** Where the API keys and passwords of an environment are. */
function secretsHint(environment: string): string {
  const keyFile = join(stateFolder(environment), FOLDERS.key);
  if (existsSync(keyFile)) return `The API key is in ${keyFile}.`;
  return `Keys and passwords: pulumi stack output --show-secrets -s ${environment}.`;
}
