import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../planning/types.ts";
import { startCluster } from "../../rehearsal/cluster/start.ts";
import { clusterStatus } from "../../rehearsal/cluster/status.ts";
import type { EmbeddedCluster, Forward } from "../../rehearsal/cluster/types.ts";
import { prepareRehearsal } from "../../rehearsal/prepare.ts";
import { UserError } from "../cli.ts";
import { requireFreePorts } from "../ports.ts";
import { grouped } from "../progress.ts";
import { deploy } from "./deploy.ts";
import { requireHost } from "./host.ts";
import { keepKey } from "./key.ts";
import { FOLDERS, referenceTo, type StartOptions, wantedPorts } from "./options.ts";
import { prove } from "./prove.ts";
import { localProviders } from "./providers.ts";
import type { Started } from "./started.ts";
import { announcement } from "./summary.ts";

/** Brings an environment up on an embedded cluster. */
export async function startEmbedded(options: StartOptions): Promise<Started> {
  const { file, plan, state, progress, signal } = options;
  const context = requireRehearsable(plan);
  await requireHost();
  const clusterState = join(state, FOLDERS.cluster);
  await requireFreePorts(wantedPorts(options), await portsOf(clusterState));
  process.stderr.write(`${announcement(options, "an embedded Kubernetes")}\n`);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const parts = grouped(progress, "programs and images");
  const rehearsal = await prepareRehearsal({ progress: parts.progress, signal });
  parts.end();
  const cluster = await startCluster({
    name: context,
    tools: rehearsal.clusterTools,
    images: rehearsal.images,
    gpus: Math.max(0, ...plan.pools.map((pool) => pool.gpusPerNode)),
    nodeLabels: Object.assign({}, ...plan.pools.map((pool) => pool.nodeSelector)) as Record<string, string>,
    stateDir: clusterState,
    forwards: forwards(options),
    progress,
    signal,
  });
  const outputs = await deploy({
    environment: file.name,
    file: file.path,
    pulumiRoot: rehearsal.toolchain.pulumiRoot,
    providers: localProviders(),
    stateDir: join(state, FOLDERS.stack),
    kubeconfig: cluster.kubeconfig,
    progress,
    signal,
  });
  const { key, keyFile } = keepKey(outputs, join(state, FOLDERS.key));
  const addresses = { ...(await addressesOf(cluster)), keyFile };
  const proof = await prove(plan, addresses, key, progress, signal);
  const { kubeconfig } = cluster;
  return {
    plan,
    kubeconfig,
    context,
    addresses,
    proof,
    notes: notes(plan),
    next: next(options, addresses, proof.model),
  };
}

/** The embedded cluster has one node of the local environment's kind. */
function requireRehearsable(plan: Plan): string {
  const { context } = plan.cluster;
  if (context !== null && plan.engines.every(({ runtime }) => runtime === "simulator")) return context;
  throw new UserError(
    `${plan.environment}: the embedded cluster runs simulated engines in a named context, as environments/Pulumi.local.yaml has them. ` +
      "Use --context NAME to deploy it to a cluster of yours.",
  );
}

/** Ports a cluster that runs already has: those are free for it. */
async function portsOf(clusterState: string): Promise<ReadonlySet<number>> {
  const status = await clusterStatus(clusterState);
  return new Set(status.kind === "running" ? status.forwards.map(({ port }) => port) : []);
}

function forwards({ plan, ports }: StartOptions): Forward[] {
  const target = (workload: {
    readonly name: string;
    readonly service: { readonly ports: readonly { readonly port: number }[] } | null;
  }) => `${plan.namespace}/${workload.name}:${workload.service?.ports[0]?.port ?? 80}`;
  return [
    { name: "endpoint", target: target(plan.front.workload), port: ports.endpoint },
    ...(plan.observability === null
      ? []
      : [{ name: "prometheus", target: target(plan.observability.prometheus), port: ports.prometheus }]),
  ];
}

async function addressesOf(cluster: EmbeddedCluster): Promise<{ endpoint: string; prometheus: string | null }> {
  const active = await cluster.forwards();
  const address = (name: string) => active.find((forward) => forward.name === name)?.address;
  const prometheus = address("prometheus");
  return {
    endpoint: `http://${address("endpoint") ?? ""}/v1`,
    prometheus: prometheus === undefined ? null : `http://${prometheus}`,
  };
}

function notes(plan: Plan): string[] {
  return [
    "The engines are simulated: their answers are random sentences at the speed the environment sets.",
    "This project's stand-in took the place of Pulumi's kubernetes provider, so that nothing had to be downloaded.",
    ...(plan.observability !== null && plan.observability.grafana === null
      ? ["Grafana is left out: its image comes from a container registry. On your own cluster it is part of the stack."]
      : []),
  ];
}

function next(
  { file }: StartOptions,
  addresses: { readonly endpoint: string; readonly keyFile: string | null },
  model: string,
): string[] {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] });
  const ask = [
    `curl ${addresses.endpoint}/chat/completions`,
    ...(addresses.keyFile === null ? [] : [`-H "Authorization: Bearer $(cat ${addresses.keyFile})"`]),
    "-H 'Content-Type: application/json'",
    `-d '${body}'`,
  ];
  return [ask.join(" \\\n  "), `npm run plan -- ${referenceTo(file)}`, `npm stop${stopArguments(file.name)}`];
}

/** What `npm stop` is told; nothing for the environment it takes by itself. */
function stopArguments(environment: string): string {
  return environment === "local" ? "" : ` -- --environment ${environment}`;
}
