import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { simulatedKubernetes } from "../../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import { propertiesAt, textAt } from "../../../rehearsal/clouds/values.ts";
import { EngineError } from "../../../rehearsal/engine/errors.ts";
import type { Progress } from "../../../rehearsal/engine/events.ts";
import { changes, rehearseProgram, withRehearsal } from "../../support/engine.ts";
import { program, type Wish } from "./program.ts";

describe("a rehearsal under the real engine, with simulated kubernetes and random", function () {
  this.timeout(120_000);

  it("takes a program through its whole life, and leaves nothing in the cluster", async () => {
    const kubernetes = simulatedKubernetes();
    const { preview, up, destroy } = await rehearseProgram(
      program("none"),
      [kubernetes, simulatedRandom()],
      async (engine) => {
        const { password, address, greeting } = await engine.outputs();
        assert.equal(password?.secret, true);
        assert.match(String(password.value), /^.{24}$/);
        assert.match(String(address?.value), /^10\.96\./);
        assert.equal(greeting?.value, "hello");
        assert.equal(kubernetes.cluster("test").objects().length, 4);
      },
      { config: { greeting: "hello" } },
    );
    assert.deepEqual(preview.changes, { create: 7 });
    assert.deepEqual(up.changes, { create: 7 });
    assert.deepEqual(destroy.changes, { delete: 7 });
    assert.deepEqual(kubernetes.cluster("test").objects(), []);
  });

  it("changes one object when one object's inputs change, and names the property", async () => {
    let wish: Wish = {};
    await rehearseProgram(
      program("none", () => wish),
      [simulatedKubernetes(), simulatedRandom()],
      async (engine) => {
        wish = { replicas: 3 };
        const planned = await engine.preview();
        assert.deepEqual(changes(planned), ["update router"]);
        assert.deepEqual(planned.steps.find(({ name }) => name === "router")?.changed, ["spec.replicas"]);
        const done = await engine.up();
        assert.deepEqual(changes(done), ["update router"]);
        assert.deepEqual(done.changes, { same: 6, update: 1 });
      },
    );
  });

  it("replaces what can't be changed in place, the old object first as their names are the same", async () => {
    let wish: Wish = {};
    await rehearseProgram(
      program("none", () => wish),
      [simulatedKubernetes(), simulatedRandom()],
      async (engine) => {
        wish = { label: "other" };
        const { steps } = await engine.up();
        const router = steps.filter(({ name, operation }) => name === "router" && operation !== "same");
        assert.deepEqual(
          router.map(({ operation }) => operation),
          ["delete-replaced", "replace", "create-replacement"],
        );
      },
    );
  });

  it("keeps secrets out of the state, of messages and of progress", async () => {
    const seen: string[] = [];
    const onProgress = (progress: Progress) => seen.push(JSON.stringify(progress));
    await rehearseProgram(
      program("none"),
      [simulatedKubernetes(), simulatedRandom()],
      async (engine) => {
        const password = JSON.stringify((await engine.outputs()).password?.value).slice(1, -1);
        const { text } = await engine.exportState();
        assert.ok(!text.includes(password), "the password is in the state in plain text");
        assert.ok(!seen.join("\n").includes(password), "the password is in the progress");
        assert.match(text, /"ciphertext"/);
      },
      { onProgress },
    );
  });

  it("finds what was changed or deleted by hand, and puts it back", async () => {
    const kubernetes = simulatedKubernetes();
    await rehearseProgram(program("none"), [kubernetes, simulatedRandom()], async (engine) => {
      const cluster = kubernetes.cluster("test");
      const router = cluster.objects().find((object) => object.kind === "Deployment");
      const key = cluster.objects().find((object) => object.kind === "Secret");
      assert.ok(router !== undefined && key !== undefined);
      cluster.put({ ...router, spec: { ...propertiesAt(router, "spec"), replicas: 9 } });
      cluster.remove(key);
      assert.deepEqual(changes(await engine.refresh()), ["delete key", "update router"]);
      assert.deepEqual(changes(await engine.up()), ["create key", "update router"]);
      assert.deepEqual(changes(await engine.refresh()), []);
    });
  });

  it("fails with the provider's words and the resource, keeps what was made, and goes on from there", async () => {
    const kubernetes = simulatedKubernetes();
    kubernetes.faults.add({ on: "create", name: "router", message: "quota exceeded: 0 of 8 GPUs are left", times: 1 });
    await withRehearsal(program("none"), [kubernetes, simulatedRandom()], async (engine) => {
      await assert.rejects(engine.up(), (error) => {
        assert.ok(error instanceof EngineError);
        assert.equal(error.operation, "up");
        assert.equal(error.message, "Deployment router: quota exceeded: 0 of 8 GPUs are left");
        assert.equal(error.steps.find(({ name }) => name === "router")?.status, "failed");
        return true;
      });
      const made = (await engine.exportState()).resources.map(({ urn }) => urn.split("::").at(-1));
      assert.ok(made.includes("serving") && !made.includes("router"));
      assert.deepEqual(changes(await engine.up()), ["create front", "create router"]);
    });
  });

  it("refuses an object that somebody else made, in words that say what to do", async () => {
    const kubernetes = simulatedKubernetes();
    kubernetes.cluster("test").put({ apiVersion: "v1", kind: "Namespace", metadata: { name: "serving-test" } });
    await withRehearsal(program("none"), [kubernetes, simulatedRandom()], async (engine) => {
      await assert.rejects(engine.up(), {
        message: "Namespace serving-test exists already. Import it, delete it, or choose another name.",
      });
    });
  });

  it("shows a mistake of the user as one message without a stack trace", async () => {
    const mistaken = () => Promise.reject(new pulumi.RunError("models[0].pool: a100 – there is no such pool."));
    await withRehearsal(mistaken, [], async (engine) => {
      await assert.rejects(engine.preview(), (error) => {
        assert.ok(error instanceof EngineError);
        assert.match(error.message, /models\[0\]\.pool: a100 – there is no such pool\./);
        assert.doesNotMatch(error.message, /\n\s+at /);
        return true;
      });
    });
  });

  it("shows secrets of the configuration to the program alone", async () => {
    const apiKey = "sk-the-key-of-a-customer";
    const reading = () => {
      const value = new pulumi.Config("vllm-stack").requireSecret("apiKey");
      return Promise.resolve({ length: value.apply((key) => key.length) });
    };
    await withRehearsal(
      reading,
      [],
      async (engine) => {
        await engine.up();
        assert.deepEqual((await engine.outputs()).length, { value: apiKey.length, secret: true });
        assert.ok(!(await engine.exportState()).text.includes(apiKey));
      },
      { secrets: { "vllm-stack:apiKey": apiKey } },
    );
  });

  it("keeps the state between runs of a folder, with generated values", async () => {
    const stateDir = await mkdtemp(path.join(tmpdir(), "vllm-stack-test-"));
    const cluster = { stateDir: path.join(stateDir, "objects") };
    const run = async (): Promise<string> =>
      await withRehearsal(
        program("none"),
        [simulatedKubernetes(cluster), simulatedRandom()],
        async (engine) => {
          await engine.up();
          return String((await engine.outputs()).password?.value);
        },
        { stateDir },
      );
    try {
      const first = await run();
      assert.equal(await run(), first);
      const left = simulatedKubernetes(cluster).cluster("test").objects();
      assert.ok(left.some((object) => textAt(object, "metadata", "name") === "router"));
    } finally {
      await rm(stateDir, { recursive: true });
    }
  });
});
