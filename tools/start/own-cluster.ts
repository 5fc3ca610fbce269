import { KubeConfig } from "@kubernetes/client-node";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readSettings } from "../../environments/schema/file.ts";
import type { WorkloadPlan } from "../../planning/types.ts";
import { kubeconfigFiles, requireContext } from "../../stacks/observe.ts";
import { openForward, type OpenForward } from "../forward.ts";
import { stateFolder } from "../state.ts";
import { deploy } from "./deploy.ts";
import { FOLDERS } from "./embedded.ts";
import { firstKey, writeKey } from "./key.ts";
import type { StartOptions } from "./options.ts";
import { ownEngine } from "./providers.ts";
import { prove, summary } from "./summary.ts";

/** File below an environment's state folder that says on which cluster its stack is. */
export const TARGET_FILE = "target.json";

const Target = z.strictObject({
  kubeconfig: z.string(),
  context: z.string(),
  /** The environment's section `cluster`, with the context. */
  config: z.object({ cluster: z.json() }),
});

/** On which cluster a stack is. */
export type Target = z.output<typeof Target>;

/** Reads what {@link startOnContext} left. */
export function readTarget(state: string): Target {
  return Target.parse(JSON.parse(readFileSync(join(state, TARGET_FILE), "utf8")));
}

/** Brings an environment up on a cluster of the user's. */
export async function startOnContext(options: StartOptions & { readonly context: string }): Promise<void> {
  const { file, plan, ports, progress, signal, context } = options;
  requireContext(file.name, context);
  const state = stateFolder(file.name);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const target = rememberTarget(state, context, readSettings(file.path).cluster);
  const engine = await ownEngine(progress, signal);
  const outputs = await deploy({
    ...engine,
    environment: file.name,
    stateDir: join(state, FOLDERS.stack),
    kubeconfig: target.kubeconfig,
    config: target.config,
    progress,
    signal,
  });
  const key = firstKey(outputs);
  const keyFile = key === null ? null : join(state, FOLDERS.key);
  if (key !== null && keyFile !== null) writeKey(keyFile, key);
  const open: OpenForward[] = [];
  try {
    const config = new KubeConfig();
    config.loadFromDefault();
    config.setCurrentContext(context);
    const forward = async (workload: WorkloadPlan, localPort: number) => {
      const port = workload.service?.ports[0];
      const containerPort = workload.pod.ports.find(({ name }) => name === port?.target)?.port ?? port?.port ?? 80;
      const opened = await openForward(config, {
        namespace: plan.namespace,
        service: workload.name,
        port: containerPort,
        localPort,
      });
      open.push(opened);
      return `http://${opened.address}`;
    };
    const addresses = {
      endpoint: `${await forward(plan.front.workload, ports.endpoint)}/v1`,
      prometheus: plan.observability === null ? null : await forward(plan.observability.prometheus, ports.prometheus),
      keyFile,
    };
    const proof = await prove(plan, addresses, key, progress, signal);
    const notes = [
      `the kubernetes provider is the ${engine.kubernetes}`,
      "the addresses are open while `npm run connect` runs",
    ];
    process.stdout.write(
      summary(plan, addresses, proof, notes, [
        `npm run connect -- ${file.name}`,
        `kubectl --context ${context} --namespace ${plan.namespace} get pods`,
        `npm stop -- --environment ${file.name}`,
      ]),
    );
  } finally {
    await Promise.all(open.map((forward) => forward.close()));
  }
}

function rememberTarget(state: string, context: string, cluster: unknown): Target {
  const section = typeof cluster === "object" && cluster !== null ? cluster : {};
  const kubeconfig = kubeconfigFiles()
    .filter((path) => existsSync(path))
    .join(":");
  const target = Target.parse({ kubeconfig, context, config: { cluster: { ...section, context } } });
  writeFileSync(join(state, TARGET_FILE), `${JSON.stringify(target, null, 2)}\n`, { mode: 0o600 });
  return target;
}
