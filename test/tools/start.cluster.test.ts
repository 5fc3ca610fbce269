import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { findLeftovers } from "../../rehearsal/cluster/leftovers.ts";
import { prepareRehearsal } from "../../rehearsal/prepare.ts";
import { terminalProgress } from "../../rehearsal/progress.ts";
import { complete, targets } from "../../tools/client.ts";
import { findExecutable } from "../../tools/start/executable.ts";
import { type Ended, processesWith, run, start } from "./support/commands.ts";

const ANY_PORTS = ["--port", "0", "--prometheus-port", "0"];

/** The part of `npm start -- --json` that is looked at. */
const Started = z.object({
  endpoint: z.string(),
  prometheus: z.string(),
  keyFile: z.string(),
  kubeconfig: z.string(),
  context: z.string(),
  asked: z.object({ model: z.string(), text: z.string(), engine: z.string() }),
  targets: z.object({ up: z.number(), all: z.number() }),
  times: z.array(z.object({ step: z.string(), began: z.number(), seconds: z.number() })),
});

function startedBy({ code, stdout, stderr }: Ended): z.infer<typeof Started> {
  assert.equal(code, 0, stderr);
  return Started.parse(JSON.parse(stdout));
}

/** The life of the local environment in the hands of its user: one after the other, on the same machine. */
describe("npm start and npm stop", function () {
  this.timeout(240_000);
  const state = mkdtempSync(join(tmpdir(), "vllm-stack-commands-"));
  const env = { VLLM_STACK_STATE: state, KUBECONFIG: undefined };
  const local = join(state, "local");
  const clusterState = join(local, "cluster");

  const npmStart = (...args: readonly string[]) => start("start.ts", [...ANY_PORTS, ...args], env);
  const npmStop = (...args: readonly string[]) => run("stop.ts", args, env);
  /** Of every kind of thing that could be left, also by commands that were killed. */
  const traces = () => [
    ...findLeftovers(clusterState),
    ...processesWith("VLLM_STACK_STATE", state),
    ...(existsSync(local) ? [local] : []),
  ];
  const stopsWithoutTrace = async () => {
    const { code, stdout, stderr } = await npmStop();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Nothing of local is left\.$/m);
    assert.deepEqual(traces(), []);
  };

  before("build what is not in the cache", async function () {
    this.timeout(45 * 60_000);
    await prepareRehearsal({ progress: terminalProgress() });
  });

  after(async () => {
    await npmStop();
    rmSync(state, { recursive: true, force: true });
  });

  describe("interrupted", () => {
    for (const moment of ["… start the container runtime", "… join the node"]) {
      it(`by Ctrl-C at "${moment}" ends with 130, says how to go on, and leaves nothing a stop can't remove`, async () => {
        const starting = npmStart();
        await starting.says(moment);
        starting.interrupt();
        const { code, stderr } = await starting.ended;
        assert.equal(code, 130, stderr);
        assert.match(stderr, /What was made so far is used by the next `npm start`, or removed by `npm stop/);
        assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
        assert.deepEqual(findLeftovers(clusterState), []);
        await stopsWithoutTrace();
      });
    }

    it("by a kill while the cluster starts leaves nothing a stop can't remove", async () => {
      const starting = npmStart();
      await starting.says("… join the node");
      starting.kill();
      assert.equal((await starting.ended).code, null);
      assert.notDeepEqual(findLeftovers(clusterState), [], "the cluster was on its way");
      await stopsWithoutTrace();
    });

    it("by a kill in the middle of an up leaves nothing a stop can't remove", async () => {
      const starting = npmStart();
      await starting.says("… up");
      await madeSomething(join(clusterState, "kubeconfig.yaml"), "vllm-local");
      starting.kill();
      await starting.ended;
      await stopsWithoutTrace();
    });
  });

  describe("a stack that was interrupted while it came up", () => {
    const file = join(state, "Pulumi.mine.yaml");
    const mine = join(state, "mine");
    const ownEnv = { ...env, PATH: withoutPulumi() };
    let started: z.infer<typeof Started>;

    before(async () => {
      writeFileSync(file, ownEnvironment());
      const starting = npmStart();
      await starting.says("… up");
      await madeSomething(join(clusterState, "kubeconfig.yaml"), "vllm-local");
      starting.interrupt();
      const { code, stderr } = await starting.ended;
      assert.equal(code, 130, stderr);
      started = startedBy(await npmStart("--json").ended);
    });

    it("is completed by the next npm start, which shows that it answers", async () => {
      assert.match(started.endpoint, /^http:\/\/127\.0\.0\.1:\d+\/v1$/);
      assert.match(started.asked.engine, /^engine-qwen3-8b-/, "the engine that answered");
      assert.ok(started.asked.text.length > 0);
      // Three engines, two routers, two fronts and Prometheus itself.
      assert.deepEqual(started.targets, { up: 8, all: 8 });
      const key = readFileSync(started.keyFile, "utf8").trim();
      const answer = await complete(started.endpoint, key, "Qwen/Qwen3-0.6B", "Hello");
      assert.match(answer.engine ?? "", /^engine-qwen3-0-6b-/);
      await assert.rejects(complete(started.endpoint, null, "Qwen/Qwen3-0.6B", "Hello"), /answered 401/);
    });

    it("keeps keys and kubeconfig where only its owner can read them", () => {
      assert.equal(statSync(started.keyFile).mode & 0o777, 0o600);
      assert.equal(statSync(started.kubeconfig).mode & 0o077, 0);
      assert.equal(statSync(local).mode & 0o777, 0o700);
    });

    it("isn't changed by another npm start, which is quick and sums up for people", async () => {
      const { code, stdout, stderr, seconds } = await npmStart("--timings").ended;
      assert.equal(code, 0, stderr);
      assert.match(stderr, /✓ preview: no change/);
      assert.match(stderr, /✓ up: no change/);
      assert.doesNotMatch(stderr, /CoreDNS|image front/, "what is in the cache takes one line together");
      assert.match(stdout, /^local is up\.$/m);
      assert.match(stdout, new RegExp(`OpenAI endpoint +${started.endpoint}$`, "m"), "at the same address");
      assert.match(stdout, /answered by engine-qwen3-8b-\S+ in \d+ ms$/m);
      assert.match(stdout, /Prometheus +http:\/\/127\.0\.0\.1:\d+, 8 of 8 targets up$/m);
      assert.match(stdout, /^Next\n {2}curl http(.*\n)+? {2}npm run plan -- local\n {2}npm stop$/m);
      assert.match(stdout, /^all of it +\d+\.\d$/m);
      const wide = stdout.split("\n").filter((line) => line.length > 100 && !line.includes("api-key"));
      assert.deepEqual(wide, []);
      assert.ok(seconds < 60, `${seconds} s`);
    });

    it("moves to another port when asked, and refuses one that is taken without touching what runs", async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as AddressInfo;
      const refused = await run("start.ts", ["--port", String(port), "--prometheus-port", "0"], env);
      other.close();
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, new RegExp(`--port: ${port} – another process listens on 127\\.0\\.0\\.1:${port}`));
      const moved = startedBy(await run("start.ts", ["--port", String(port), "--prometheus-port", "0", "--json"], env));
      assert.equal(moved.endpoint, `http://127.0.0.1:${port}/v1`);
      started = moved;
    });

    it("is reached by npm run connect through the API server, until Ctrl-C", async () => {
      const ports = [...ANY_PORTS, "--grafana-port", "0"];
      const connecting = start("connect.ts", ["local", ...ports], env);
      await connecting.says("Ctrl-C ends.");
      try {
        const [, endpoint = ""] = /OpenAI endpoint +(\S+)/.exec(connecting.stdout) ?? [];
        const [, prometheus = ""] = /Prometheus +(\S+)/.exec(connecting.stdout) ?? [];
        assert.notEqual(endpoint, started.endpoint);
        const key = readFileSync(started.keyFile, "utf8").trim();
        assert.match((await complete(endpoint, key, started.asked.model, "Hello")).engine ?? "", /^engine-qwen3-8b-/);
        assert.deepEqual(await targets(prometheus), { up: 8, all: 8 });
      } finally {
        connecting.interrupt();
      }
      const { code, stdout, stderr } = await connecting.ended;
      assert.equal(code, 0, stderr);
      assert.ok(stdout.includes(started.keyFile), "says where the key is");
      assert.doesNotMatch(stdout, /Grafana/, "the local environment has none");
    });

    it("lends its cluster to --context, which refuses a context that isn't there, with the one that may be meant", async () => {
      const args = [...ANY_PORTS, "--environment", file, "--context", "vllm-stack-lokal"];
      const { code, stderr } = await run("start.ts", args, { ...ownEnv, KUBECONFIG: started.kubeconfig });
      assert.equal(code, 2);
      assert.match(stderr, /^--context: vllm-stack-lokal – is not a context of .*Did you mean vllm-stack-local\?/);
      assert.equal(existsSync(mine), false, "nothing was made");
    });

    it("shares its cluster with a stack of --context, which the stand-in brings up and npm stop removes alone", async () => {
      const args = [...ANY_PORTS, "--environment", file, "--context", started.context];
      const { code, stdout, stderr } = await run("start.ts", args, { ...ownEnv, KUBECONFIG: started.kubeconfig });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^mine is up\.$/m);
      assert.match(stdout.replaceAll(/\n\s+/g, " "), /stand-in of this project, because no Pulumi CLI is installed/);
      assert.match(stdout, /answered by engine-tiny-/);
      assert.ok(stdout.includes(`  npm run connect -- ${file}\n`), "by its file, as it isn't in environments/");
      assert.equal(await hasNamespace(started.kubeconfig, "vllm-mine"), true);

      // Its kubeconfig is remembered.
      const stopped = await run("stop.ts", ["--environment", "mine"], ownEnv);
      assert.equal(stopped.code, 0, stopped.stderr);
      assert.equal(existsSync(mine), false);
      assert.equal(await hasNamespace(started.kubeconfig, "vllm-mine"), false);
      assert.equal(await hasNamespace(started.kubeconfig, "vllm-local"), true, "the other stack is still there");
    });

    it("is stopped without a trace, in less time than its pods would take to drain", async () => {
      const { code, stdout, stderr, seconds } = await npmStop();
      assert.equal(code, 0, stderr);
      assert.match(stderr, /✓ destroy: \d+ to delete/);
      assert.match(stdout, /^Nothing of local is left\.$/m);
      assert.deepEqual(traces(), []);
      // Front and routers drain for ten seconds each, one after the other, engines for five.
      assert.ok(seconds < 30, `${seconds} s`);
    });

    it("may be stopped twice", async () => {
      const { code, stdout } = await npmStop();
      assert.equal(code, 0);
      assert.match(stdout, /^local is not up: there is no /);
    });
  });
});

async function hasNamespace(kubeconfig: string, name: string): Promise<boolean> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const { items } = await config.makeApiClient(CoreV1Api).listNamespace();
  return items.some(({ metadata }) => metadata?.name === name);
}

/** Waits until an up has made something. */
async function madeSomething(kubeconfig: string, namespace: string): Promise<void> {
  while (!(await hasNamespace(kubeconfig, namespace).catch(() => false))) await sleep(50);
}

/** The PATH without folders that have a Pulumi CLI. */
function withoutPulumi(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.filter((folder) => findExecutable("pulumi", [folder]) === undefined).join(delimiter);
}

/** An environment as of a user's: no pools, one model, the images of the local environment because they are on the node. */
function ownEnvironment(): string {
  const file = join(import.meta.dirname, "../../environments/Pulumi.local.yaml");
  const { config } = z.object({ config: z.record(z.string(), z.unknown()) }).parse(parse(readFileSync(file, "utf8")));
  const models = [
    {
      name: "tiny",
      model: "Qwen/Qwen3-0.6B",
      runtime: "simulator",
      maxModelLength: 4096,
      resources: { cpu: "50m", memory: "256Mi" },
    },
  ];
  return stringify({
    config: {
      ...config,
      "vllm-stack:cluster": { provider: "existing", context: "kind-kind" },
      "vllm-stack:models": models,
    },
  });
}
