import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../planning/types.ts";
import { checkHost } from "../../rehearsal/cluster/host.ts";
import { startCluster } from "../../rehearsal/cluster/start.ts";
import type { EmbeddedCluster, Forward } from "../../rehearsal/cluster/types.ts";
import { prepareRehearsal } from "../../rehearsal/prepare.ts";
import { UserError } from "../cli.ts";
import { stateFolder } from "../state.ts";
import { deploy } from "./deploy.ts";
import { firstKey, writeKey } from "./key.ts";
import type { StartOptions } from "./options.ts";
import { localProviders } from "./providers.ts";
import { prove, summary } from "./summary.ts";

/** Folders below an environment's state folder. */
export const FOLDERS = { cluster: "cluster", stack: "stack", key: "api-key" } as const;

/** Brings an environment up on an embedded cluster and prints what answers where. */
export async function startEmbedded({ file, plan, ports, progress, signal }: StartOptions): Promise<void> {
  const context = requireRehearsable(plan);
  const problems = checkHost();
  if (problems.length > 0) throw new UserError(problems.map(({ message }) => message).join("\n"));
  const state = stateFolder(file.name);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const rehearsal = await prepareRehearsal({ progress, signal });
  const cluster = await startCluster({
    name: context,
    tools: rehearsal.clusterTools,
    images: rehearsal.images,
    gpus: Math.max(0, ...plan.pools.map((pool) => pool.gpusPerNode)),
    nodeLabels: Object.assign({}, ...plan.pools.map((pool) => pool.nodeSelector)) as Record<string, string>,
    stateDir: join(state, FOLDERS.cluster),
    forwards: forwards(plan, ports),
    progress,
    signal,
  });
  // What an earlier cluster had is gone with it: its stack's state describes nothing.
  if (!cluster.adopted) rmSync(join(state, FOLDERS.stack), { recursive: true, force: true });
  const outputs = await deploy({
    environment: file.name,
    pulumiRoot: rehearsal.toolchain.pulumiRoot,
    providers: localProviders(),
    stateDir: join(state, FOLDERS.stack),
    kubeconfig: cluster.kubeconfig,
    progress,
    signal,
  });
  const key = firstKey(outputs);
  const keyFile = key === null ? null : join(state, FOLDERS.key);
  if (key !== null && keyFile !== null) writeKey(keyFile, key);
  const addresses = { ...(await addressesOf(cluster)), keyFile };
  const proof = await prove(plan, addresses, key, progress, signal);
  process.stdout.write(summary(plan, addresses, proof, notes(plan, cluster), next(plan, addresses, proof.model)));
}

/** The embedded cluster has one node of the local environment's kind. */
function requireRehearsable(plan: Plan): string {
  const { context } = plan.cluster;
  if (context !== null && plan.engines.every(({ runtime }) => runtime === "simulator")) return context;
  throw new UserError(
    `${plan.environment}: – the embedded cluster runs simulated engines in a named context, as environments/Pulumi.local.yaml has them. ` +
      "Use --context NAME to deploy it to a cluster of yours.",
  );
}

function forwards(plan: Plan, ports: StartOptions["ports"]): Forward[] {
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

function notes(plan: Plan, cluster: EmbeddedCluster): string[] {
  return [
    "the engines are simulated: their answers are random words at the speed the environment sets",
    "the kubernetes provider is the stand-in of this project: the published plugin can't be downloaded here",
    ...(plan.observability !== null && plan.observability.grafana === null
      ? ["no Grafana here: its image comes from container registries only; on your own cluster it is part of the stack"]
      : []),
    `for kubectl: export KUBECONFIG=${cluster.kubeconfig}`,
  ];
}

function next(
  plan: Plan,
  addresses: { readonly endpoint: string; readonly keyFile: string | null },
  model: string,
): string[] {
  const authorization = addresses.keyFile === null ? "" : ` -H "Authorization: Bearer $(cat ${addresses.keyFile})"`;
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] });
  return [
    `curl ${addresses.endpoint}/chat/completions${authorization} -H 'Content-Type: application/json' -d '${body}'`,
    `npm run plan -- ${plan.environment}`,
    "npm stop",
  ];
}
