import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { readEnvironment } from "../../environments/schema/file.ts";
import { plan } from "../../planning/plan.ts";
import { commandLine } from "../../tools/plan-command.ts";
import { showPlan } from "../../tools/plan-output.ts";

const ROOT = join(import.meta.dirname, "../..");
const GPU = join(ROOT, "test/planning/environments/Pulumi.gpu.yaml");

function npmRunPlan(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, "tools/plan.ts"), ...args], {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  });
  return { status, out: stdout, err: stderr };
}

describe("npm run plan", () => {
  it("prints the plan of an environment by name, for people", () => {
    const { status, out, err } = npmRunPlan("local");
    assert.deepEqual([status, err], [0, ""]);
    for (const heading of ["Models", "GPU pools", "Routers", "Cost", "Who may talk to whom"]) {
      assert.match(out, new RegExp(`^${heading}`, "m"));
    }
  });

  it("prints the Plan as JSON, of a file by its path", () => {
    const { status, out } = npmRunPlan(GPU, "--json");
    assert.equal(status, 0);
    const { name, environment } = readEnvironment(GPU);
    assert.deepEqual(JSON.parse(out), plan(name, environment));
  });

  it("ends with every problem of a wrong environment and exit code 2, without a stack trace", () => {
    const folder = mkdtempSync(join(tmpdir(), "plan-"));
    try {
      const file = join(folder, "Pulumi.wrong.yaml");
      writeFileSync(
        file,
        `config:
  vllm-stack:cluster:
    provider: existing
    context: x
    gpuPools: [{ name: l4, accelerator: l4, gpusPerNode: 1, nodes: 1, nodeSelector: { pool: l4 } }]
  vllm-stack:models:
    - { name: big, model: Qwen/Qwen3-32B, extraArgs: [--swap-space, "4"] }
`,
      );
      const { status, out, err } = npmRunPlan(file);
      assert.deepEqual([status, out], [2, ""]);
      assert.match(err, /^Environment wrong has 2 problems:\n {2}models\[0\]\.model: Qwen\/Qwen3-32B – does not fit/);
      assert.match(err, /models\[0\]\.extraArgs\[0\]: --swap-space – was removed/);
      assert.doesNotMatch(err, /^\s+at /m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("names the environments there are if none or an unknown one is asked for", () => {
    const none = npmRunPlan();
    assert.equal(none.status, 2);
    assert.match(none.err, /^environment: missing\. There are: .*local/);
    const mistyped = npmRunPlan("lokal");
    assert.equal(mistyped.status, 2);
    assert.match(mistyped.err, /Did you mean local\?/);
  });
});

describe("the plan for people", () => {
  const { name, environment } = readEnvironment(GPU);
  const text = stripVTControlCharacters(showPlan(plan(name, environment)));

  it("shows the verdict with the arithmetic behind it", () => {
    assert.match(text, /^ +llama-70b +llama +cuda +2 +4 of h100 +32,768 +fits/m);
    assert.match(text, /^ +at utilisation 0\.92 +72\.85$/m);
    assert.match(text, /^ +KV cache +33\.93/m);
  });

  it("shows the command so that it can be copied into a shell", () => {
    assert.match(text, /vllm serve meta-llama\/Llama-3\.3-70B-Instruct \\\n +--served-model-name llama \\\n/);
    assert.match(text, /--kv-transfer-config '\{"kv_connector":"LMCacheConnectorV1",.*\}'/);
  });

  it("shows where a secret comes from, and no value", () => {
    assert.match(text, /VLLM_API_KEY +secret engine-key, key key/);
    assert.ok(!text.includes("[secret]"));
  });

  it("shows what it costs against the budget, and every warning with its path", () => {
    assert.match(text, /in all: \$65\.46 per hour, budget \$70\.00/);
    assert.match(text, /^ {2}cache\.server: /m);
  });
});

describe("a command as a shell takes it", () => {
  it("quotes what a shell would read more into", () => {
    assert.equal(commandLine(["a", "--x", "it's {1}", "--y"]), "a \\\n  --x 'it'\\''s {1}' \\\n  --y");
    const words = ["printf", "%s\\n", "--j", '{"a": "$HOME"}', "*", "it's"];
    const { stdout } = spawnSync("sh", ["-c", commandLine(words)], { encoding: "utf8" });
    assert.deepEqual(stdout.trimEnd().split("\n"), words.slice(2));
  });
});
