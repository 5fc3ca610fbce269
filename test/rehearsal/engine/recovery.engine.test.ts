import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { simulatedKubernetes } from "../../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import { EngineBusyError, EngineError } from "../../../rehearsal/engine/errors.ts";
import { changes, withRehearsal } from "../../support/engine.ts";
import { pulumiRoot } from "../../support/toolchain.ts";
import { program } from "./program.ts";

describe("a run that was cut off", function () {
  this.timeout(120_000);
  let stateDir = "";

  beforeEach(async () => {
    stateDir = await mkdtemp(path.join(tmpdir(), "vllm-stack-test-"));
  });

  afterEach(async () => {
    await rm(stateDir, { recursive: true, force: true });
  });

  it("is recognised after kill -9 of program and engine: the next run takes over what exists and completes", async () => {
    const child = await startInterrupted(stateDir);
    const engine = await lockHolder(stateDir);
    child.kill("SIGKILL");
    process.kill(engine, "SIGKILL");
    await once(child, "exit");

    const kubernetes = simulatedKubernetes({ stateDir: path.join(stateDir, "cluster") });
    const messages: string[] = [];
    await withRehearsal(
      program("none"),
      [kubernetes, simulatedRandom()],
      async (again) => {
        const { pendingOperations } = await again.exportState();
        assert.deepEqual(
          pendingOperations.map(({ type, urn }) => `${type} ${urn.split("::").at(-1) ?? ""}`),
          ["creating router"],
        );
        const { changes: counts } = await again.up();
        assert.equal(counts.create, 2);
        assert.ok(messages.some((message) => message.startsWith("The last run was cut off while creating router")));
        assert.deepEqual((await again.exportState()).pendingOperations, []);
        assert.deepEqual(changes(await again.preview()), []);
        await again.destroy();
        assert.deepEqual(kubernetes.cluster("test").objects(), []);
      },
      {
        stateDir,
        onProgress: (progress) => {
          if (progress.kind === "message") messages.push(progress.diagnostic.message);
        },
      },
    );
  });

  it("ends soon after it is asked to, with a state the next run goes on from", async () => {
    const kubernetes = simulatedKubernetes();
    kubernetes.faults.add({ on: "create", name: "router", delayMilliseconds: 600_000, times: 1 });
    const stop = new AbortController();
    const options = { stateDir, signal: stop.signal };
    const cut = withRehearsal(program("none"), [kubernetes, simulatedRandom()], (engine) => engine.up(), {
      ...options,
      onProgress: (progress) => {
        if (progress.kind === "started" && progress.step.name === "router") stop.abort();
      },
    });
    const begun = Date.now();
    await assert.rejects(cut, EngineError);
    assert.ok(Date.now() - begun < 30_000);
    await withRehearsal(
      program("none"),
      [kubernetes, simulatedRandom()],
      async (engine) => {
        await engine.up();
        assert.deepEqual(changes(await engine.preview()), []);
      },
      { stateDir },
    );
  });

  it("is stopped in order by Ctrl-C, which reaches the program and the engine alike", async () => {
    const child = await startInterrupted(stateDir);
    process.kill(-(child.pid ?? 0), "SIGINT");
    await once(child, "exit");
    const kubernetes = simulatedKubernetes({ stateDir: path.join(stateDir, "cluster") });
    await withRehearsal(
      program("none"),
      [kubernetes, simulatedRandom()],
      async (engine) => {
        assert.deepEqual((await engine.exportState()).pendingOperations, []);
        await engine.up();
        assert.deepEqual(changes(await engine.preview()), []);
      },
      { stateDir },
    );
  });

  it("begins nothing more once it was asked to stop", async () => {
    const stop = new AbortController();
    const stopped = withRehearsal(
      program("none"),
      [simulatedKubernetes(), simulatedRandom()],
      async (engine) => {
        await engine.preview();
        stop.abort();
        await engine.up();
      },
      { stateDir, signal: stop.signal },
    );
    await assert.rejects(stopped, { message: "The up was cancelled before it began." });
  });

  it("is told from one that goes on: a second run refuses to start and names the process", async () => {
    const kubernetes = simulatedKubernetes();
    kubernetes.faults.add({ on: "create", name: "router", delayMilliseconds: 30_000, times: 1 });
    const stop = new AbortController();
    const begun = Promise.withResolvers<undefined>();
    const first = withRehearsal(program("none"), [kubernetes, simulatedRandom()], (engine) => engine.up(), {
      stateDir,
      signal: stop.signal,
      onProgress: (progress) => {
        if (progress.kind === "started" && progress.step.name === "router") begun.resolve(undefined);
      },
    }).catch(() => undefined);
    await begun.promise;
    const engine = await lockHolder(stateDir);
    const second = withRehearsal(program("none"), [], (other) => other.preview(), { stateDir });
    await assert.rejects(second, (error) => {
      assert.ok(error instanceof EngineBusyError);
      assert.equal(error.pid, engine);
      return true;
    });
    stop.abort();
    await first;
  });
});

/** A run in a process group of its own, which waits for an answer about the Deployment. */
async function startInterrupted(stateDir: string): Promise<ChildProcess> {
  const runner = path.join(import.meta.dirname, "interrupted.ts");
  const child = spawn(process.execPath, [runner, await pulumiRoot(), stateDir], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("started router")) resolve();
    });
  });
  await setTimeout(1_000);
  return child;
}

/** The engine that works on the stack, from its lock. */
async function lockHolder(stateDir: string): Promise<number> {
  const folder = path.join(stateDir, "state/.pulumi/locks");
  const [file] = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".json"));
  assert.ok(file !== undefined, "the engine holds no lock");
  const { pid } = JSON.parse(await readFile(path.join(folder, file), "utf8")) as { readonly pid: number };
  return pid;
}
