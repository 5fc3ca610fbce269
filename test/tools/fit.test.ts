import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describeFailure } from "../../tools/cli.ts";
import { fitCommand } from "../../tools/fit-command.ts";

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const PROGRAM = join(import.meta.dirname, "../../tools/fit.ts");

/** The command in this process: what it would print, and its exit code. */
function fit(...args: readonly string[]): Run {
  try {
    const { output, exitCode } = fitCommand(args);
    return { code: exitCode, stdout: stripVTControlCharacters(output), stderr: "" };
  } catch (error) {
    const { text, exitCode } = describeFailure(error);
    return { code: exitCode, stdout: "", stderr: text };
  }
}

/** The command as people start it, with its output piped. */
function spawnFit(...args: readonly string[]): Promise<Run> {
  return new Promise((resolve) => {
    const env = { ...process.env, FORCE_COLOR: undefined };
    const child = execFile(process.execPath, [PROGRAM, ...args], { env }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function answersOf({ stdout }: Run): readonly Readonly<Record<string, unknown>>[] {
  const answers: unknown = JSON.parse(stdout);
  assert.ok(Array.isArray(answers) && answers.every(isObject));
  return answers;
}

const LLAMA_8B = "meta-llama/Llama-3.1-8B-Instruct";

describe("npm run fit", () => {
  const folder = mkdtempSync(join(tmpdir(), "fit-"));
  const file = (name: string, content: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
    return path;
  };
  const config = {
    architectures: ["LlamaForCausalLM"],
    hidden_size: 4096,
    num_hidden_layers: 32,
    num_attention_heads: 32,
    num_key_value_heads: 8,
    max_position_embeddings: 8192,
    vocab_size: 128256,
  };

  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("prints one object per GPU of the catalog with exactly the promised fields", () => {
    const run = fit(LLAMA_8B, "--max-length", "8192", "--json");
    const answers = answersOf(run);
    assert.equal(answers.length, 18);
    for (const answer of answers) {
      assert.deepEqual(Object.keys(answer), [
        "gpu",
        "count",
        "tensorParallel",
        "maxLength",
        "verdict",
        "weightsGiB",
        "kvCacheGiB",
        "kvTokens",
        "concurrency",
        "shortfallGiB",
        "change",
      ]);
    }
    assert.deepEqual(
      answers.find(({ gpu }) => gpu === "l4"),
      {
        gpu: "l4",
        count: 1,
        tensorParallel: 1,
        maxLength: 8192,
        verdict: "tight",
        weightsGiB: 15.26,
        kvCacheGiB: 3.33,
        kvTokens: 27306,
        concurrency: 3.33,
        shortfallGiB: 0,
        change: "max length 6144",
      },
    );
    assert.equal(run.code, 0, "a table is an answer whatever it says");
  });

  it("ends with 1 when the GPU asked for cannot hold the model, and shows the arithmetic and the way out", () => {
    const { code, stdout } = fit(
      "meta-llama/Llama-3.3-70B-Instruct",
      "--gpu",
      "h100",
      "--count",
      "2",
      "--max-length",
      "8192",
    );
    assert.equal(code, 1);
    assert.match(stdout, /weights +-67\.02 +141\.1 GB over 2/);
    assert.match(stdout, /KV cache +0\.42\n/);
    assert.match(stdout, /does not fit\.\n/);
    assert.match(stdout, /Short of 1\.6 GiB per GPU\./);
    assert.match(stdout, /Cheapest change: weights in fp8 \(then it fits\)\./);
    assert.equal(
      fit("meta-llama/Llama-3.3-70B-Instruct", "--gpu", "h100", "--count", "4", "--max-length", "8192").code,
      0,
    );
  });

  it("prints a table for people, without colours when piped", () => {
    const { stdout } = fit(LLAMA_8B, "--max-length", "8k");
    assert.match(stdout, /^1 × h100 +79\.2 +15\.3 +52\.6 +431,2\d\d +53\.9 +fits$/m);
    assert.match(stdout, /^1 × v100-16gb .* refused +vLLM images since 0\.9/m);
  });

  it("gives null where the question makes no sense for the GPU", () => {
    const [answer] = answersOf(fit(LLAMA_8B, "--gpu", "h100", "--quantization", "nvfp4", "--json"));
    assert.equal(answer?.kvCacheGiB, null);
    assert.equal(answer.verdict, "doesNotFit");
  });

  it("reads a config.json of a model the catalog does not have", () => {
    const path = file("config.json", config);
    const { code, stdout } = fit("our/model", "--config", path, "--parameters", "8.03B", "--gpu", "l40s");
    assert.equal(code, 0);
    assert.match(stdout, /^our\/model, bfloat16, up to 8,192 tokens, 1 × NVIDIA L40S/);
    const wide = fit("our/model", "--config", path, "--weights-gib", "29.9", "--gpu", "l40s", "--json");
    assert.match(wide.stdout, /"weightsGiB": 30\.5/);
  });

  const mistakes: readonly (readonly [what: string, args: () => readonly string[], message: RegExp])[] = [
    ["no model", () => [], /^model: missing/],
    [
      "an unknown model",
      () => ["meta-llama/Lama-3.3-70B-Instruct"],
      /Did you mean meta-llama\/Llama-3\.3-70B-Instruct/,
    ],
    ["two models", () => ["a", "b"], /only one model/],
    ["an unknown GPU", () => [LLAMA_8B, "--gpu", "a100"], /There are a100-40gb and a100-80gb\./],
    ["the CPU", () => [LLAMA_8B, "--gpu", "cpu"], /Name a GPU/],
    ["an unknown option", () => [LLAMA_8B, "--gpus", "h100"], /Unknown option '--gpus'.*See --help/],
    ["a word for a number", () => [LLAMA_8B, "--count", "two"], /^--count: two – not a number above 0/],
    ["half a GPU", () => [LLAMA_8B, "--count", "0.5"], /not a whole number/],
    [
      "parallelism that does not divide the GPUs",
      () => [LLAMA_8B, "--count", "4", "--tensor-parallel", "3"],
      /does not divide --count 4/,
    ],
    [
      "parallelism that does not divide the heads",
      () => [LLAMA_8B, "--tensor-parallel", "3"],
      /32 attention heads, which 3 does not divide\. Use 1, 2, 4, 8, 16\./,
    ],
    ["too much utilisation", () => [LLAMA_8B, "--utilization", "92"], /must be above 0 and at most 1/],
    ["too long a context", () => [LLAMA_8B, "--max-length", "1M"], /was made for 131,072 tokens\. Use at most 131072/],
    ["an unknown method", () => [LLAMA_8B, "--quantization", "fp88"], /Did you mean "fp8"/],
    ["a missing file", () => ["x", "--config", join(folder, "no.json")], /ENOENT/],
    ["a file that is not JSON", () => ["x", "--config", file("broken.json", "{")], /Give a readable config\.json/],
    [
      "an incomplete file",
      () => ["x", "--config", file("short.json", { hidden_size: 64 })],
      /missing num_hidden_layers, num_attention_heads/,
    ],
    [
      "a file without a size",
      () => ["x", "--config", file("config.json", config)],
      /Add --weights-gib N or --parameters N/,
    ],
    [
      "parameters of a quantised file",
      () => [
        "x",
        "--config",
        file("q.json", { ...config, quantization_config: { quant_method: "awq" } }),
        "--parameters",
        "8B",
      ],
      /Use --weights-gib/,
    ],
  ];
  for (const [what, args, message] of mistakes) {
    it(`answers ${what} with one message, no stack and exit code 2`, () => {
      const { code, stdout, stderr } = fit(...args());
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  it("is a program that prints without colours into a pipe, and sets its exit code", async () => {
    const [no, wrong] = await Promise.all([spawnFit(LLAMA_8B, "--gpu", "t4"), spawnFit(LLAMA_8B, "--gpu", "t5")]);
    assert.deepEqual([no.code, no.stderr, wrong.code, wrong.stdout], [1, "", 2, ""]);
    assert.equal(stripVTControlCharacters(no.stdout), no.stdout);
    assert.match(wrong.stderr, /^accelerator: t5 – [^\n]+\n$/);
  });

  it("explains itself", () => {
    const { code, stdout } = fit("--help");
    assert.equal(code, 0);
    for (const option of [
      "--gpu",
      "--count",
      "--tensor-parallel",
      "--max-length",
      "--quantization",
      "--utilization",
      "--config",
      "--json",
    ]) {
      assert.ok(stdout.includes(option), option);
    }
  });
});
