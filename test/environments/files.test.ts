import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { environmentNames, plainSecrets, readEnvironment, readSettings } from "../../environments/schema/file.ts";
import { EnvironmentError } from "../../environments/schema/problems.ts";
import { environmentSchema } from "../../tools/generate/schema.ts";

const FOLDER = join(import.meta.dirname, "../../environments");
const validate = new Ajv2020({ strict: false, formats: { cidrv4: true } }).compile(
  JSON.parse(environmentSchema()) as object,
);

describe("the environments that come with the project", () => {
  it("are at least local and kind", () => {
    assert.ok(["kind", "local"].every((name) => environmentNames().includes(name)));
  });

  for (const name of environmentNames()) {
    describe(name, () => {
      const path = join(FOLDER, `Pulumi.${name}.yaml`);
      const text = readFileSync(path, "utf8");

      it("loads", () => {
        assert.equal(readEnvironment(name).name, name);
      });
      it("agrees with the schema editors use, which its first line names", () => {
        assert.match(text, /^# yaml-language-server: \$schema=\.\/schema\/environment\.schema\.json\n/);
        assert.ok(validate(parse(text)), JSON.stringify(validate.errors, null, 2));
      });
      it("can be read in one sitting: at most 80 lines", () => {
        assert.ok(text.split("\n").length <= 80);
      });
    });
  }
});

describe("the schema editors use", () => {
  const minimal = {
    "vllm-stack:cluster": { provider: "existing" },
    "vllm-stack:models": [{ name: "a", model: "b" }],
  };
  it("accepts encrypted secrets and other projects' keys", () => {
    const config = { ...minimal, "vllm-stack:huggingFaceToken": { secure: "v1:abc" }, "aws:region": "us-east-2" };
    assert.ok(validate({ config, encryptionsalt: "v1:xyz" }), JSON.stringify(validate.errors));
  });
  it("refuses a mistyped key at the top and deep inside", () => {
    assert.equal(validate({ config: { ...minimal, "vllm-stack:modles": [] } }), false);
    assert.equal(
      validate({ config: { ...minimal, "vllm-stack:models": [{ name: "a", model: "b", replica: 1 }] } }),
      false,
    );
  });
});

describe("an environment file", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "environments-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("that doesn't exist is refused with the name that was probably meant", () => {
    writeFileSync(join(folder, "Pulumi.production.yaml"), "config: {}\n");
    assert.throws(() => readEnvironment("prodction", folder), /does not exist\. Did you mean production\?/);
  });
  it("that isn't YAML is refused with the line", () => {
    const path = join(folder, "Pulumi.broken.yaml");
    writeFileSync(path, 'config:\n  vllm-stack:models: "unfinished\n');
    assert.throws(
      () => readEnvironment(path),
      (error: unknown) => error instanceof EnvironmentError && /line [23]: – is not YAML/.test(error.message),
    );
  });
  it("without config is refused", () => {
    const path = join(folder, "Pulumi.empty.yaml");
    writeFileSync(path, "");
    assert.throws(() => readEnvironment(path), /config: – is required/);
  });
  it("is searched for secrets in clear, which the engine would take", () => {
    const path = join(folder, "Pulumi.clear.yaml");
    writeFileSync(
      path,
      "config:\n  vllm-stack:huggingFaceToken: hf_abc\n  vllm-stack:grafanaPassword: { secure: v1:abc }\n  vllm-stack:apiKeys: { a: x, b: { secure: v1:abc } }\n",
    );
    assert.deepEqual(plainSecrets(path), ["huggingFaceToken", "apiKeys.a"]);
  });
  it("keeps encrypted secrets encrypted and counts them as present", () => {
    const path = join(folder, "Pulumi.secret.yaml");
    writeFileSync(
      path,
      "config:\n  vllm-stack:cluster: { provider: existing }\n  vllm-stack:models: [{ name: a, model: b }]\n  vllm-stack:huggingFaceToken: { secure: v1:abc }\n",
    );
    assert.deepEqual(readSettings(path).huggingFaceToken, { secure: "v1:abc" });
    assert.equal(readEnvironment(path).environment.huggingFaceToken, "[secret]");
  });
});
