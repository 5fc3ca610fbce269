import { KubeConfig } from "@kubernetes/client-node";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../cli.ts";
import { forwardTarget, openForward, type OpenForward } from "../forward.ts";
import { requireFreePorts } from "../ports.ts";
import type { WorkloadPlan } from "../../planning/types.ts";
import { requireKnownContext } from "./context.ts";
import { deploy } from "./deploy.ts";
import { keepKey } from "./key.ts";
import { FOLDERS, referenceTo, type StartOptions, wantedPorts } from "./options.ts";
import { passphraseOf } from "./passphrase.ts";
import { prove } from "./prove.ts";
import { ownEngine } from "./providers.ts";
import type { Started } from "./started.ts";
import { announcement } from "./summary.ts";
import { readTarget, targetOf, writeTarget } from "./target.ts";

/** Brings an environment up on a cluster of the user's. */
export async function startOnContext(options: StartOptions & { readonly context: string }): Promise<Started> {
  const { file, plan, ports, state, progress, signal, context } = options;
  requireKnownContext("--context", context);
  requireSameCluster(file.name, state, context);
  await requireFreePorts(wantedPorts(options), new Set());
  const target = targetOf(file.path, context);
  const passphrase = passphraseOf(target.passphrase, file.name);
  process.stderr.write(`${announcement(options, `the cluster of the context ${context}`)}\n`);
  const engine = await ownEngine(progress, signal);
  mkdirSync(state, { recursive: true, mode: 0o700 });
  writeTarget(state, target);
  const outputs = await deploy({
    ...engine,
    environment: file.name,
    file: file.path,
    stateDir: join(state, FOLDERS.stack),
    kubeconfig: target.kubeconfig,
    config: target.config,
    passphrase,
    progress,
    signal,
  });
  const { key, keyFile } = keepKey(outputs, join(state, FOLDERS.key));
  const open: OpenForward[] = [];
  try {
    const config = new KubeConfig();
    config.loadFromDefault();
    config.setCurrentContext(context);
    const forward = async (workload: WorkloadPlan, localPort: number) => {
      const opened = await openForward(config, forwardTarget(plan.namespace, workload, localPort));
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
      `The kubernetes provider is ${engine.kubernetes}.`,
      "The addresses answer while `npm run connect` runs; it takes the same options for ports.",
    ];
    const next = [
      `npm run connect -- ${referenceTo(file)}`,
      `kubectl --context ${context} --namespace ${plan.namespace} get pods`,
      `npm stop -- --environment ${file.name}`,
    ];
    return { plan, kubeconfig: target.kubeconfig, context, addresses, proof, notes, next };
  } finally {
    await Promise.all(open.map((forward) => forward.close()));
  }
}

/** One state describes one cluster: on another the engine would look for what isn't there. */
function requireSameCluster(environment: string, state: string, context: string): void {
  const stop = `Destroy it first: npm stop -- --environment ${environment}.`;
  const earlier = readTarget(state);
  if (earlier !== undefined && earlier.context !== context) {
    throw new UserError(`--context: ${context} – ${environment} is up in the context ${earlier.context}. ${stop}`, {
      exitCode: EXIT.no,
    });
  }
  if (earlier === undefined && existsSync(join(state, FOLDERS.stack))) {
    throw new UserError(`--context: ${context} – ${environment} is up on the embedded cluster. ${stop}`, {
      exitCode: EXIT.no,
    });
  }
}
