/** `npm run connect -- <environment>`: forwards the endpoint, Grafana and Prometheus to this machine until Ctrl-C. */
import { KubeConfig } from "@kubernetes/client-node";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readEnvironment } from "../environments/schema/file.ts";
import { plan } from "../planning/plan.ts";
import type { Plan, WorkloadPlan } from "../planning/types.ts";
import { runCommand, UserError } from "./cli.ts";
import { openForward } from "./forward.ts";
import { FOLDERS } from "./start/embedded.ts";
import { readTarget, TARGET_FILE } from "./start/own-cluster.ts";
import { stateFolder } from "./state.ts";
import { color, table } from "./terminal.ts";

const HELP = `npm run connect -- ENVIRONMENT [OPTIONS]

Forwards the OpenAI endpoint, Prometheus and Grafana of an environment to loopback ports of this machine, until Ctrl-C.

  --port N                  of the OpenAI endpoint (default: 8000)
  --prometheus-port N       of Prometheus (default: 9090)
  --grafana-port N          of Grafana (default: 3000)
  --context NAME            kubeconfig context, instead of the environment's
`;

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
  if (name === undefined) throw new UserError("Which environment? npm run connect -- <environment>");
  const file = readEnvironment(name);
  const planned = plan(file.name, file.environment);
  const config = kubeConfigOf(planned, values.context);
  const wanted = [
    { title: "OpenAI endpoint", workload: planned.front.workload, port: values.port, suffix: "/v1" },
    { title: "Prometheus", workload: planned.observability?.prometheus, port: values["prometheus-port"], suffix: "" },
    {
      title: "Grafana",
      workload: planned.observability?.grafana ?? undefined,
      port: values["grafana-port"],
      suffix: "",
    },
  ];
  const rows: string[][] = [];
  for (const { title, workload, port, suffix } of wanted) {
    if (workload === undefined) continue;
    const { address } = await openForward(config, {
      namespace: planned.namespace,
      service: workload.name,
      port: containerPortOf(workload),
      localPort: Number(port),
    });
    rows.push([title, `http://${address}${suffix}`]);
  }
  console.log(table(rows, [{ title: "what" }, { title: "address" }]));
  console.log(color("dim", "\nKeys and passwords: pulumi stack output --show-secrets. Ctrl-C ends."));
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  process.exit(0);
});

/** The kubeconfig `npm start` left for the environment, or the local one, with the right context. */
function kubeConfigOf(planned: Plan, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  const state = stateFolder(planned.environment);
  const embedded = join(state, FOLDERS.cluster, "kubeconfig.yaml");
  const started = existsSync(join(state, TARGET_FILE)) ? readTarget(state).context : undefined;
  if (started === undefined && existsSync(embedded)) config.loadFromFile(embedded);
  else config.loadFromDefault();
  const wanted = context ?? started ?? planned.cluster.context;
  if (wanted !== null) {
    const known = config.getContexts().map(({ name }) => name);
    if (!known.includes(wanted)) {
      throw new UserError(
        `cluster.context: ${wanted} – is not a context of the local kubeconfig. Known: ${known.join(", ") || "none"}.`,
      );
    }
    config.setCurrentContext(wanted);
  }
  return config;
}

function containerPortOf({ name, service, pod }: WorkloadPlan): number {
  const target = service?.ports[0]?.target;
  const port = pod.ports.find((candidate) => candidate.name === target)?.port;
  if (port === undefined) throw new UserError(`${name} has no Service to connect to.`);
  return port;
}
