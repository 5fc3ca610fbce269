import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, UserError } from "../../tools/cli.ts";
import { ALTERNATIVE, requireHost } from "../../tools/start/host.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";
import { run } from "./support/commands.ts";

/** Mistakes people make at the keyboard: one message each, exit code 2, and nothing is built or made. */
describe("the commands refuse", function () {
  this.timeout(30_000);
  const folder = mkdtempSync(join(tmpdir(), "vllm-stack-refusals-"));
  const state = join(folder, "state");
  // An empty cache: whatever would be built would take minutes, and would be seen there.
  const cache = join(folder, "cache");
  const env = { VLLM_STACK_STATE: state, VLLM_STACK_CACHE: cache };
  let restore: () => void;

  before(() => {
    restore = useKubeconfig("kind-kind", "production");
  });
  after(() => {
    restore();
    rmSync(folder, { recursive: true });
  });

  async function refused(script: string, args: readonly string[], said: RegExp): Promise<string> {
    const { code, stdout, stderr } = await run(script, args, env);
    assert.match(stderr, said);
    assert.equal(code, EXIT.usage, stderr);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /\n\s+at /, "no stack trace");
    assert.deepEqual([state, cache].filter(existsSync), [], "nothing was made");
    return stderr;
  }

  it("what is no port", async () => {
    const rule = "must be a port between 0 \\(any free one\\) and 65535";
    for (const port of ["abc", "-1", "65536", ""]) {
      await refused("start.ts", [`--port=${port}`], new RegExp(`^--port: ${port} – ${rule}`));
    }
    await refused("start.ts", ["--prometheus-port", "x"], new RegExp(`^--prometheus-port: x – ${rule}`));
    await refused("connect.ts", ["kind", "--grafana-port", "x"], new RegExp(`^--grafana-port: x – ${rule}`));
  });

  it("an option they don't know, with where the known ones are", async () => {
    for (const [script, args] of [
      ["start.ts", []],
      ["stop.ts", []],
      ["connect.ts", ["local"]],
      ["bench.ts", []],
    ] as const) {
      await refused(script, [...args, "--prot", "1"], /Unknown option '--prot'.* See --help\.$/m);
    }
  });

  it("an environment that isn't there, with the one that may be meant", async () => {
    await refused("start.ts", ["--environment", "locl"], /Environment locl has one problem:\n.*Did you mean local\?/);
    await refused("connect.ts", ["kimd"], /Did you mean kind\?/);
    await refused("connect.ts", [], /Which environment\? npm run connect -- ENVIRONMENT/);
  });

  it("a name that would lead out of the folder of all states", async () => {
    for (const name of ["..", "../other"]) {
      await refused("stop.ts", [`--environment=${name}`], /--environment: .* – is no name of a stack/);
    }
  });

  it("a context that isn't there, with the one that may be meant", async () => {
    await refused(
      "start.ts",
      ["--context", "kind-kin"],
      /^--context: kind-kin – is not a context of .* Did you mean kind-kind\?/,
    );
    await refused(
      "connect.ts",
      ["kind", "--context", "prod"],
      /^--context: prod – is not a context of .* Use kind-kind or production\./,
    );
    await refused(
      "connect.ts",
      ["local"],
      /^local: cluster\.context \(local is not up by npm start\): vllm-stack-local – is not a context of/,
    );
  });

  it("an environment with mistakes, all of them at once", async () => {
    const file = join(folder, "Pulumi.wrong.yaml");
    writeFileSync(
      file,
      `config:
  vllm-stack:cluster: { provider: existing, context: kind-kind }
  vllm-stack:modles: []
  vllm-stack:models:
    - { name: a, model: Qwen/Qwen3-8B, runtime: simulator, replicas: 1.5 }
    - { name: b, model: Qwen/Qwen3-8B, runtime: simulator, tensorParalell: 2 }
`,
    );
    const said = await refused("start.ts", ["--environment", file], /^Pulumi\.wrong\.yaml has 3 problems:$/m);
    assert.match(said, /^ {2}modles: .*Did you mean models\?/m);
    assert.match(said, /^ {2}models\[0\]\.replicas: 1\.5 – /m);
    assert.match(said, /^ {2}models\[1\]\.tensorParalell: .*Did you mean tensorParallel\?/m);
  });

  it("an environment that can't be planned, before anything is built for it", async () => {
    const file = join(folder, "Pulumi.large.yaml");
    writeFileSync(
      file,
      `config:
  vllm-stack:cluster:
    provider: existing
    context: kind-kind
    gpuPools: [{ name: l4, accelerator: l4, gpusPerNode: 1, nodes: 1 }]
  vllm-stack:models:
    - { name: large, model: Qwen/Qwen3-32B, maxModelLength: 8192 }
`,
    );
    await refused("start.ts", ["--context", "kind-kind", "--environment", file], /models\[0\].* – .*GiB/);
  });

  it("to rehearse an environment whose engines aren't simulated, and name the way", async () => {
    const file = join(folder, "Pulumi.real.yaml");
    writeFileSync(
      file,
      `config:
  vllm-stack:cluster:
    provider: existing
    context: kind-kind
    gpuPools: [{ name: h100, accelerator: h100, gpusPerNode: 1, nodes: 1 }]
  vllm-stack:models:
    - { name: small, model: Qwen/Qwen3-8B, maxModelLength: 8192 }
`,
    );
    await refused(
      "start.ts",
      ["--environment", file],
      /^real: the embedded cluster runs simulated engines.* Use --context NAME/,
    );
  });
});

describe("the check of a machine for the embedded cluster", () => {
  const refusal = async (cluster: readonly string[], tools: readonly string[]) => {
    let asked = false;
    const checks = {
      cluster: () => cluster.map((message) => ({ message })),
      tools: () => {
        asked = true;
        return Promise.resolve(tools);
      },
    };
    const error: unknown = await requireHost(checks).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) return { text: "", asked };
    assert.ok(error instanceof UserError);
    assert.equal(error.exitCode, EXIT.no);
    return { text: error.message, asked };
  };

  it("tells everything that is missing at once, and what to use instead", async () => {
    const { text } = await refusal([], ["go: not found.", "apt-get: not found."]);
    assert.deepEqual(text.split("\n"), ["go: not found.", "apt-get: not found.", ALTERNATIVE]);
    assert.match(ALTERNATIVE, /npm start -- --context NAME.*pulumi up -s kind/);
  });

  it("asks a machine without Linux or root for nothing more", async () => {
    const { text, asked } = await refusal(["It needs Linux."], ["go: not found."]);
    assert.deepEqual(text.split("\n"), ["It needs Linux.", ALTERNATIVE]);
    assert.equal(asked, false);
  });

  it("lets every other machine through", async () => {
    assert.deepEqual(await refusal([], []), { text: "", asked: true });
  });
});
