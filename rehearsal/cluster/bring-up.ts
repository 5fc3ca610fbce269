import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ApiClient } from "./api.ts";
import { createCgroups } from "./cgroups.ts";
import { bootstrapObjects } from "./config/objects.ts";
import { writeCredentials } from "./config/credentials.ts";
import { HOLDER, Supervisor } from "./daemons.ts";
import { addForward } from "./forward/client.ts";
import { healthProblem } from "./forward/health.ts";
import { API_TARGET } from "./forward/protocol.ts";
import { API_FORWARD, runtimeOf } from "./handle.ts";
import { importImages, runtimeProblem } from "./images.ts";
import { clusterId, nodeName, PORTS, type Layout } from "./layout.ts";
import { namespaceCommand, renderNamespaceScript } from "./namespaces.ts";
import { nodeProblem, readDesiredNode, writeDesiredNode } from "./node.ts";
import { bootId } from "./processes.ts";
import { daemonsOf, writeConfiguration, type Daemons } from "./programs.ts";
import { chooseSnapshotter } from "./snapshotter.ts";
import { changeState, requireState, writeState, type ClusterState } from "./state.ts";
import { ClusterError, type StartOptions, type StepTime } from "./types.ts";
import { cancelled, together, unlessAborted, until, type Condition } from "./wait.ts";

/** Generous: a loaded machine with a slow disk still starts. */
const TIMEOUT_MS = 120_000;

/** Starts a cluster in a state folder that holds none. The caller cleans up if it fails. */
export async function bringUp(
  options: StartOptions,
  layout: Layout,
  toolsDigest: string,
): Promise<{ readonly state: ClusterState; readonly timings: readonly StepTime[] }> {
  const supervisor = new Supervisor(layout, options.tools);
  const start = new BringUp(options, layout, supervisor);
  start.record(toolsDigest);
  await start.step("open ports on the host", (update) => start.gateway(update));
  await start.step("make the node's namespaces", (update) => start.namespaces(update));
  const controlPlane = start.step("start the Kubernetes control plane", (update) => start.controlPlane(update));
  const runtime = start.step("start the container runtime", (update) => start.runtime(update));
  const archives = `${options.images.length} archives`;
  await together([
    runtime.then(() => start.step("import images", (update) => start.images(update), archives)),
    together([controlPlane, runtime]).then(() => start.step("join the node", (update) => start.node(update))),
  ]);
  return { state: start.finish(), timings: start.timings };
}

const missing = (path: string) => (existsSync(path) ? undefined : "being set up");

class BringUp {
  readonly timings: StepTime[] = [];
  readonly #options: StartOptions;
  readonly #layout: Layout;
  readonly #supervisor: Supervisor;
  readonly #daemons: Daemons;
  readonly #abort = new AbortController();
  readonly #signal: AbortSignal;
  #api: ApiClient | undefined;

  constructor(options: StartOptions, layout: Layout, supervisor: Supervisor) {
    this.#options = options;
    this.#layout = layout;
    this.#supervisor = supervisor;
    this.#daemons = daemonsOf(layout, options);
    const signals = options.signal === undefined ? [] : [options.signal];
    this.#signal = AbortSignal.any([this.#abort.signal, ...signals]);
  }

  /** The first thing on disk: from here on `stopCluster` knows that there is something to remove. */
  record(toolsDigest: string): void {
    const layout = this.#layout;
    // Last words of an earlier start would be taken for this one's.
    rmSync(layout.logs, { recursive: true, force: true });
    const folders = [layout.logs, layout.config, layout.sockets, layout.temporary];
    for (const folder of [layout.root, ...folders, join(layout.variable, "lib"), join(layout.variable, "log")]) {
      mkdirSync(folder, { recursive: true, mode: folder === layout.temporary ? 0o777 : 0o755 });
    }
    const state: ClusterState = {
      version: 1,
      name: this.#options.name,
      bootId: bootId(),
      phase: "starting",
      toolsDigest,
      systemPrograms: this.#options.tools.systemPrograms,
      environment: this.#supervisor.environment(),
      snapshotter: "overlayfs",
      cgroupFiles: [],
      daemons: {},
      images: {},
      apiPort: 0,
    };
    writeState(layout.root, state);
    this.#change({ snapshotter: chooseSnapshotter(layout.variable, this.#options.tools) });
    this.#change({ cgroupFiles: [...createCgroups(clusterId(layout.root))] });
  }

  /** Ports first: if one is taken, nothing else has been started yet. */
  async gateway(update: Update): Promise<string> {
    const { forwards, apiPort = 0 } = this.#options;
    const socket = this.#layout.controlSocket;
    const api = { name: API_FORWARD, target: API_TARGET, port: apiPort };
    this.#supervisor.start(this.#daemons.gateway);
    const active = await this.#retry("the gateway", update, () => addForward(socket, api));
    for (const forward of forwards) await addForward(socket, forward);
    this.#change({ apiPort: active.port });
    const node = nodeName(this.#options.name);
    writeCredentials(this.#layout, { name: this.#options.name, node, apiPort: active.port });
    writeConfiguration(this.#layout, this.#options, this.#state());
    writeDesiredNode(this.#layout, { name: node, gpus: this.#options.gpus, labels: this.#options.nodeLabels ?? {} });
    this.#api = new ApiClient(this.#layout.kubeconfig);
    return `API server at ${active.address}`;
  }

  async namespaces(update: Update): Promise<undefined> {
    const script = join(this.#layout.config, "namespaces.sh");
    writeFileSync(script, renderNamespaceScript(this.#layout), { mode: 0o700 });
    this.#supervisor.start({ name: HOLDER, command: namespaceCommand(script), inside: false });
    await this.#wait("the node's namespaces", update, () => missing(this.#layout.namespacesReady));
  }

  async controlPlane(update: Update): Promise<undefined> {
    const { etcd, apiserver, keeper, controllerManager, scheduler } = this.#daemons;
    for (const daemon of [etcd, apiserver, keeper]) this.#supervisor.start(daemon);
    await this.#wait("the API server", update, () => this.#apiProblem());
    for (const daemon of [controllerManager, scheduler]) this.#supervisor.start(daemon);
    await this.#retry("cluster DNS and roles", update, async () => {
      await Promise.all(bootstrapObjects().map(({ path, object }) => this.#client().apply(path, object)));
    });
  }

  async runtime(update: Update): Promise<undefined> {
    this.#supervisor.start(this.#daemons.containerd);
    const runtime = runtimeOf(this.#state());
    await this.#wait("containerd", update, () => runtimeProblem(runtime));
  }

  async node(update: Update): Promise<string> {
    const { kubelet, proxy, dns, kwok } = this.#daemons;
    for (const daemon of [kubelet, proxy, dns, kwok]) this.#supervisor.start(daemon);
    const desired = readDesiredNode(this.#layout);
    const api = this.#client();
    const { forwardSocket } = this.#layout;
    await this.#wait(`the node ${desired.name}`, update, () => nodeProblem(api, desired));
    await this.#wait("cluster DNS", update, () => healthProblem(forwardSocket, PORTS.dnsReady, "/ready"));
    await this.#wait("kube-proxy", update, () => healthProblem(forwardSocket, PORTS.proxyHealth, "/healthz"));
    await this.#wait("service accounts", update, () =>
      this.#absent("/api/v1/namespaces/default/serviceaccounts/default"),
    );
    return `${desired.name}, ${desired.gpus} GPUs`;
  }

  async images(update: Update): Promise<undefined> {
    const images = this.#options.images;
    await importImages(runtimeOf(this.#state()), images, {}, update);
    this.#change({ images: Object.fromEntries(images.map(({ reference, path }) => [reference, path])) });
  }

  finish(): ClusterState {
    this.#api?.close();
    this.#change({ phase: "running" });
    return this.#state();
  }

  /** Runs one step under the caller's progress, times it, and ends it early if a daemon ends or the caller aborts. */
  async step(title: string, work: Work, detail?: string): Promise<void> {
    const begun = performance.now();
    const shown = this.#options.progress.step(title, detail);
    const update = (text: string) => {
      shown.update(text);
    };
    try {
      const result = await this.#supervisor.whileAlive(unlessAborted(this.#signal, () => work(update)));
      this.timings.push({ step: title, seconds: Math.round(performance.now() - begun) / 1000 });
      shown.done(result);
    } catch (problem) {
      // Ctrl-C ends the programs a step runs as well; what they say of it is not the reason.
      const error = this.#options.signal?.aborted === true ? cancelled() : problem;
      // Ends what other steps still wait for, with the same reason.
      this.#abort.abort(error);
      this.#api?.close();
      shown.fail(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error));
      throw error;
    }
  }

  #wait(what: string, update: Update, problem: Condition["problem"]): Promise<void> {
    const report = (text: string) => {
      update(`${what}: ${text}`);
    };
    return until({ what, problem, report, timeoutMs: TIMEOUT_MS, signal: this.#signal });
  }

  /** Repeats work until it succeeds; a {@link ClusterError} is final, everything else means "not yet". */
  async #retry<T>(what: string, update: Update, work: () => Promise<T>): Promise<T> {
    let outcome: { value: T } | { error: ClusterError } | undefined;
    await this.#wait(what, update, async () => {
      try {
        outcome = { value: await work() };
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        outcome = { error };
      }
      return undefined;
    });
    if (outcome === undefined) throw new Error(`${what}: no outcome`);
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  }

  async #apiProblem(): Promise<string | undefined> {
    const { status, body } = await this.#client().get("/readyz");
    return status === 200 ? undefined : `${status} ${String(body).slice(0, 200)}`;
  }

  async #absent(path: string): Promise<string | undefined> {
    const { status } = await this.#client().get(path);
    return status === 200 ? undefined : `${path}: ${status}`;
  }

  #client(): ApiClient {
    if (this.#api === undefined) throw new Error("the API server is asked before its port is known");
    return this.#api;
  }

  #state(): ClusterState {
    return requireState(this.#layout.root);
  }

  #change(change: Partial<ClusterState>): void {
    changeState(this.#layout.root, () => change);
  }
}

type Update = (text: string) => void;
type Work = (update: Update) => Promise<string | undefined>;
