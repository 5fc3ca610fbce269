import assert from "node:assert/strict";
import type { CreateResult, ProviderSession, ResourceHandler } from "../../../rehearsal/clouds/provider.ts";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import { Secrets } from "../../../rehearsal/clouds/secrets.ts";
import { textAt, UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";

const ignore = () => undefined;
const session: ProviderSession = simulatedRandom().connect({ log: ignore });

function handlerOf(type: string): ResourceHandler {
  const handler = session.resource(`random:index/random${type}:Random${type}`);
  assert.ok(handler !== undefined, `no Random${type}`);
  return handler;
}

function operation(inputs: Properties) {
  const { signal } = new AbortController();
  const common = { urn: "", type: "", name: "", signal, secrets: new Secrets(), log: ignore, status: ignore };
  return { ...common, inputs, timeoutSeconds: undefined, oldInputs: {}, randomSeed: new Uint8Array() };
}

async function create(type: string, inputs: Properties): Promise<CreateResult> {
  return await handlerOf(type).create(operation(inputs));
}

function result({ outputs }: CreateResult): string {
  return textAt(outputs, "result") ?? "";
}

async function failures(type: string, inputs: Properties): Promise<readonly string[]> {
  const checked = await handlerOf(type).check?.(operation(inputs));
  return (checked?.failures ?? []).map(({ path }) => path.join("."));
}

describe("simulated random resources", () => {
  it("draw passwords of the length and the characters asked for, each time another, and keep them secret", async () => {
    const inputs = { length: 32, special: false, minNumeric: 5 };
    const [one, other] = [await create("Password", inputs), await create("Password", inputs)];
    assert.match(result(one), /^[a-zA-Z0-9]{32}$/);
    assert.ok((result(one).match(/\d/g) ?? []).length >= 5);
    assert.notEqual(one.outputs.result, other.outputs.result);
    assert.deepEqual(handlerOf("Password").secretProperties, ["result"]);
  });

  it("draw only from the special characters given", async () => {
    const inputs = { length: 12, lower: false, upper: false, numeric: false, overrideSpecial: "-_" };
    assert.match(result(await create("String", inputs)), /^[-_]{12}$/);
  });

  it("give identifiers in all their notations, with the prefix", async () => {
    const { id, outputs } = await create("Id", { byteLength: 4, prefix: "vllm-" });
    const hex = textAt(outputs, "hex") ?? "";
    assert.match(hex, /^vllm-[0-9a-f]{8}$/);
    assert.equal(outputs.dec, `vllm-${Number.parseInt(hex.slice(5), 16)}`);
    assert.equal(Buffer.from(id, "base64url").toString("hex"), hex.slice(5));
  });

  it("give UUIDs, integers in their range, names and permutations", async () => {
    assert.match(result(await create("Uuid", {})), /^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    const { outputs } = await create("Integer", { min: 3, max: 4 });
    assert.ok(outputs.result === 3 || outputs.result === 4);
    assert.match((await create("Pet", { length: 3, separator: "." })).id, /^[a-z]+\.[a-z]+\.[a-z]+$/);
    const { results } = (await create("Shuffle", { inputs: ["a", "b", "c"], resultCount: 2 })).outputs;
    assert.ok(Array.isArray(results));
    assert.equal(new Set(results).size, 2);
  });

  it("refuse arguments that make no sense, but not those a preview doesn't know yet", async () => {
    assert.deepEqual(await failures("Password", { length: 0 }), ["length"]);
    assert.deepEqual(await failures("Password", {}), ["length"]);
    assert.deepEqual(await failures("Password", { length: UNKNOWN }), []);
    await assert.rejects(create("Password", { length: 2, minUpper: 3 }), { message: /^length: 2 – the minima/ });
  });
});
