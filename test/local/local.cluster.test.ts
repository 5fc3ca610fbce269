import assert from "node:assert/strict";
import { openLocalStack, type LocalStack } from "../support/stack.ts";
import { answers, faults } from "./faults.ts";
import { lifecycle } from "./lifecycle.ts";
import { network } from "./network.ts";
import { observability } from "./observability.ts";
import { requests } from "./requests.ts";

/**
 * The local environment as a user meets it: the real engine, a real API server, real pods, one after the other on the same
 * stack. Faults come last, because they disturb.
 */
describe("the local environment on the embedded cluster", () => {
  let opened: LocalStack | undefined;
  const stack = (): LocalStack => {
    assert.ok(opened !== undefined, "the cluster didn't start");
    return opened;
  };

  before("start the cluster and bring the stack up", async function () {
    this.timeout("10m");
    opened = await openLocalStack();
    const preview = await stack().run((engine) => engine.preview());
    assert.ok((preview.changes.create ?? 0) > 30, JSON.stringify(preview.changes));
    const up = await stack().up();
    assert.deepEqual(up.changes, preview.changes, "up does what the preview said");
    await answers(stack());
  });

  after("nothing is left after destroy", async function () {
    this.timeout("5m");
    if (opened === undefined) return;
    try {
      await opened.run((engine) => engine.destroy());
      const { items } = await opened.core.listNamespace();
      const own = items.filter(({ metadata }) => metadata?.name === stack().plan.namespace);
      assert.deepEqual(own, [], "the namespace is gone");
    } finally {
      await opened.close();
    }
  });

  requests(stack);
  observability(stack);
  network(stack);
  lifecycle(stack);
  faults(stack);
});
