import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { environmentNames, readEnvironment } from "../../environments/schema/file.ts";
import { plan } from "../../planning/plan.ts";
import { differences } from "./support/differences.ts";

const GOLDEN = join(import.meta.dirname, "golden");
const COMMAND = "UPDATE_GOLDEN=1 npx mocha test/planning/golden.test.ts";

/** The environments people have, and one on GPUs with everything that needs them. */
const OWN = join(import.meta.dirname, "environments");
const ENVIRONMENTS = [
  ...environmentNames(),
  ...environmentNames(OWN).map((name) => join(OWN, `Pulumi.${name}.yaml`)),
].map((nameOrPath) => readEnvironment(nameOrPath));

async function write(path: string, planned: unknown): Promise<void> {
  const options = await resolveConfig(path);
  writeFileSync(path, await format(JSON.stringify(planned), { ...options, filepath: path }));
}

/** Every plan is kept and reviewed like code: a change of a planner shows here what it does to environments. */
describe(`the plan of an environment is as reviewed (to accept changes: ${COMMAND})`, () => {
  for (const { name, environment } of ENVIRONMENTS) {
    it(name, async () => {
      const path = join(GOLDEN, `${name}.json`);
      const planned: unknown = JSON.parse(JSON.stringify(plan(name, environment)));
      if (process.env.UPDATE_GOLDEN === "1") await write(path, planned);
      assert.ok(existsSync(path), `${path} is missing. Make it: ${COMMAND}`);
      const changes = differences(JSON.parse(readFileSync(path, "utf8")), planned);
      if (changes.length > 0)
        assert.fail(`the plan of ${name} changed:\n  ${changes.join("\n  ")}\nTo accept: ${COMMAND}`);
    });
  }

  it("none is kept of an environment that is gone", () => {
    const kept = readdirSync(GOLDEN).map((file) => file.replace(/\.json$/, ""));
    assert.deepEqual(kept.sort(), ENVIRONMENTS.map(({ name }) => name).sort());
  });
});

describe("what a changed plan is shown as", () => {
  it("is the path, what stood there and what stands there now", () => {
    const before = { engines: [{ replicas: 2, command: ["vllm", "serve"] }], files: { conf: "a\nb\nc" } };
    const after = { engines: [{ replicas: 3, command: ["vllm", "serve", "--x"] }], files: { conf: "a\nB\nc" }, new: 1 };
    assert.deepEqual(differences(before, after), [
      "engines[0].replicas: 2 → 3",
      'engines[0].command: + "--x"',
      'files.conf[1]: "b" → "B"',
      "new: nothing → 1",
    ]);
    assert.deepEqual(differences(before, structuredClone(before)), []);
  });
});
