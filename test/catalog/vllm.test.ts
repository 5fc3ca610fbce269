import assert from "node:assert/strict";
import fc from "fast-check";
import { describeFlagProblem } from "../../catalog/flags.ts";
import { humanInt } from "../../catalog/flag-values.ts";
import {
  checkArguments,
  checkEnvironment,
  dangerousFlag,
  flagTable,
  spellings,
  VLLM_VERSIONS,
} from "../../catalog/vllm.ts";

const told = (version: string, ...words: readonly string[]): readonly string[] =>
  checkArguments(version, words).map((problem) => `${problem.severity}: ${describeFlagProblem(problem)}`);

const has = (version: string, name: string): boolean => flagTable(version).flags.some((flag) => flag.name === name);

describe("catalog: flags of vllm serve", () => {
  it("has the number of flags each version's source has", () => {
    assert.deepEqual(
      VLLM_VERSIONS.map((version) => flagTable(version).flags.length),
      [292, 311, 320],
    );
    assert.ok(VLLM_VERSIONS.every((version) => flagTable(version).exact));
  });

  it("lists every spelling once", () => {
    for (const version of VLLM_VERSIONS) {
      const all = spellings(version);
      assert.equal(new Set(all).size, all.length, version);
    }
  });

  it("derives versions between from the newer list, without what came later", () => {
    const table = flagTable("0.32.0");
    assert.equal(table.exact, false);
    assert.equal(table.readFrom, "0.33.0");
    assert.ok(has("0.32.0", "--grpc-port") && !has("0.32.0", "--monokernel") && !has("0.31.0", "--grpc-port"));
    assert.ok(has("0.30.0", "--enable-mamba-fine-grained-prefix-cache"), "came and went between two lists");
    assert.ok(!has("0.29.0", "--enable-mamba-fine-grained-prefix-cache"));
    assert.ok(has("0.29.0", "--enable-bf16x3-router-gemm") && !has("0.30.0", "--enable-bf16x3-router-gemm"));
    assert.equal(flagTable("v0.99.0").readFrom, "0.33.0");
    assert.equal(flagTable("0.20.0").readFrom, "0.29.0");
  });

  it("keeps what changed between versions", () => {
    const kv = (version: string): string | undefined =>
      flagTable(version).flags.find((flag) => flag.name === "--kv-cache-dtype")?.kind;
    assert.deepEqual([kv("0.31.0"), kv("0.33.0")], ["enum", "string"]);
    assert.deepEqual(told("0.29.0", "--device-memory-utilization", "0.9").length, 1, "an alias since 0.31");
    assert.deepEqual(told("0.31.0", "--device-memory-utilization", "0.9"), []);
  });
});

describe("catalog: arguments of vllm serve", () => {
  it("accepts an ordinary command line", () => {
    const line =
      "-tp 4 --max-model-len 32768 --gpu-memory-utilization 0.92 --no-enable-prefix-caching --served-model-name a b --enable-auto-tool-choice --tool-call-parser hermes -O3 --compilation-config.mode 3 --max_num_seqs 256";
    for (const version of VLLM_VERSIONS) assert.deepEqual(told(version, ...line.split(" ")), [], version);
  });

  it("refuses a removed flag and names its replacement", () => {
    assert.match(told("0.33.0", "--task", "embed").join(), /--task – was removed.*Use --runner, --convert/);
    assert.match(told("0.33.0", "--swap-space", "4").join(), /was removed.*--kv-offloading-size/);
    assert.match(told("0.33.0", "--guided-decoding-backend=x").join(), /--structured-outputs-config/);
  });

  it("refuses --disable-log-requests where it is gone and accepts it where it came back", () => {
    assert.match(told("0.31.0", "--disable-log-requests").join(), /Use --no-enable-log-requests/);
    assert.deepEqual(told("0.33.0", "--disable-log-requests"), []);
    assert.deepEqual(told("0.29.0", "--no-enable-log-requests"), []);
  });

  it("refuses a flag of a later version and says which", () => {
    assert.match(told("0.29.0", "--max-num-active-seqs", "4").join(), /came with 0\.31\.0/);
  });

  it("refuses a value for a switch, in both forms", () => {
    assert.match(told("0.33.0", "--enable-prefix-caching=true").join(), /takes no value, not "true"/);
    assert.match(
      told("0.33.0", "--enable-prefix-caching", "false").join(),
      /write --no-enable-prefix-caching to switch it off/,
    );
    assert.match(told("0.33.0", "--headless=1").join(), /leave it away to have it off/);
  });

  it("suggests the flag a mistyped one meant", () => {
    assert.match(
      told("0.33.0", "--max-modl-len", "8k").join(),
      /is not a flag of vllm serve 0\.33\.0\. Did you mean "--max-model-len"\?/,
    );
  });

  it("warns about abbreviations, and refuses those that mean several flags", () => {
    assert.match(told("0.33.0", "--max-num-batched", "4096").join(), /^warning: .*Write --max-num-batched-tokens/);
    assert.match(told("0.33.0", "--max-num", "4096").join(), /^error: .*stands for several flags/);
  });

  it("wants values where there must be some, and of the right kind", () => {
    assert.match(told("0.33.0", "--load-format").join(), /needs a value/);
    assert.match(told("0.33.0", "--tensor-parallel-size", "two").join(), /"two" is not a whole number/);
    assert.match(told("0.33.0", "--gpu-memory-utilization", "1.5").join(), /1\.5 is out of range/);
    assert.match(told("0.33.0", "--runner", "generat").join(), /Did you mean "generate"/);
    assert.match(told("0.33.0", "--kv-transfer-config", "{kv}").join(), /is not a JSON object/);
    assert.match(told("0.33.0", "--cudagraph-capture-sizes", "1", "2", "x").join(), /"x" is not a whole number/);
    assert.match(told("0.33.0", "word").join(), /belongs to no flag/);
    assert.deepEqual(told("0.33.0", "--hf-token"), []);
    assert.deepEqual(told("0.33.0", "--max-model-len", "-1"), []);
    assert.deepEqual(told("0.33.0", "--attention-backend", "flash_attn"), []);
  });

  it("knows that --config=FILE is read by nobody", () => {
    assert.match(told("0.33.0", "--config=/etc/vllm.yaml").join(), /parsed and ignored.*--config \/etc\/vllm\.yaml/);
    assert.deepEqual(told("0.33.0", "--config", "/etc/vllm.yaml"), []);
  });

  it("refuses unknown keys of a KV transfer configuration, version by version", () => {
    const config = '{"kv_connector":"NixlConnector","kv_role":"kv_both","kv_rank":0}';
    assert.deepEqual(told("0.31.0", "--kv-transfer-config", config), []);
    assert.match(told("0.32.0", "--kv-transfer-config", config).join(), /key "kv_rank" is refused/);
    assert.match(told("0.33.0", "--kv-transfer-config", '{"kv_connector":"X"}').join(), /without kv_role/);
    assert.match(told("0.33.0", "--kv-transfer-config.kv_rol", "kv_both").join(), /Did you mean "kv_role"/);
  });

  it("knows rules between flags", () => {
    assert.match(told("0.33.0", "--enable-auto-tool-choice").join(), /does not start without --tool-call-parser/);
    assert.match(told("0.33.0", "--lora-modules", "a=b").join(), /does not start without --enable-lora/);
    assert.match(
      told("0.33.0", "--max-num-seqs", "512", "--max-num-batched-tokens", "256").join(),
      /256 is below --max-num-seqs 512/,
    );
  });

  it("warns about what opens an engine, about deprecated flags, and about parsers nobody knows", () => {
    assert.match(
      told("0.33.0", "--trust-remote-code").join(),
      /^warning: .*runs Python code of the model's repository/,
    );
    assert.deepEqual(told("0.33.0", "--no-trust-remote-code"), []);
    assert.ok(dangerousFlag("--grpc") !== undefined && dangerousFlag("--port") === undefined);
    assert.match(told("0.33.0", "--log-config-file", "x").join(), /^warning: .*Use --logging-config/);
    assert.match(told("0.33.0", "--reasoning-parser", "qwen33").join(), /^warning: .*Did you mean "qwen3"/);
  });

  it("never throws and says something about every word it cannot place", () => {
    const words = fc.array(
      fc.oneof(fc.string(), fc.constantFrom("--port", "--max-model-len", "-tp", "--", "--=", "-")),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(words, (line) => {
        for (const problem of checkArguments("0.33.0", line)) assert.ok(problem.rule !== "" && problem.remedy !== "");
      }),
      { seed: 1 },
    );
  });
});

describe("catalog: numbers as vLLM writes them", () => {
  it("takes small letters for decimal and capitals for binary multiples", () => {
    assert.deepEqual(["8192", "8k", "8K", "25.6k", "1m", "1M", "-1"].map(humanInt), [
      8192,
      8000,
      8192,
      25600,
      1e6,
      2 ** 20,
      -1,
    ]);
    assert.deepEqual(
      ["1.5K", "k", "", "8 k", "1e3", "0x10"].map(humanInt),
      Array.from({ length: 6 }, () => undefined),
    );
  });
});

describe("catalog: environment of an engine", () => {
  it("refuses variables that nothing reads any more, and says what replaced them", () => {
    const problems = checkEnvironment([
      "VLLM_USE_V1",
      "VLLM_ATTENTION_BACKEND",
      "LMCACHE_NIXL_ROLE",
      "HF_TOKEN",
      "VLLM_LOGGING_LEVEL",
    ]);
    assert.deepEqual(
      problems.map(({ severity, name, remedy }) => [severity, name, remedy]),
      [
        ["error", "VLLM_USE_V1", "Leave it away."],
        ["error", "VLLM_ATTENTION_BACKEND", "Use --attention-backend."],
        ["error", "LMCACHE_NIXL_ROLE", "Use LMCACHE_PD_ROLE."],
      ],
    );
  });

  it("warns about control endpoints and slips of the pen, not about variables it has never heard of", () => {
    assert.match(checkEnvironment(["VLLM_SERVER_DEV_MODE"])[0]?.rule ?? "", /opens \/sleep/);
    assert.match(checkEnvironment(["VLLM_LOGING_LEVEL"])[0]?.remedy ?? "", /"VLLM_LOGGING_LEVEL"/);
    assert.deepEqual(checkEnvironment(["VLLM_A_SWITCH_OF_NEXT_YEAR", "OMP_NUM_THREADS"]), []);
  });
});
