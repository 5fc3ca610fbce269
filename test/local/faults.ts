import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { formatSelector } from "../../planning/names.ts";
import type { WorkloadPlan } from "../../planning/types.ts";
import { chat, load, type Outcome } from "../support/openai.ts";
import type { LocalStack } from "../support/stack.ts";

const CONCURRENCY = 8;

/** What clients notice when a part of the stack dies. */
export function faults(stack: () => LocalStack): void {
  describe("under load", () => {
    it("a killed engine costs nothing but what was in flight on it, and comes back", async () => {
      const engine = stack().plan.engines[0];
      assert.ok(engine !== undefined);
      const running = load((index) => chat(stack(), engine.servedName, `question ${index}`, 16), CONCURRENCY);
      await sleep(2000);
      const [pod] = await podsOf(stack(), engine.workload);
      assert.ok(pod !== undefined);
      // Gone at once, as when its node loses power: no drain.
      const killed = performance.now();
      await stack().core.deleteNamespacedPod({ name: pod, namespace: stack().plan.namespace, gracePeriodSeconds: 0 });
      await sleep(6000);
      const outcomes = await running.stop();
      const lost = outcomes.filter((outcome) => !isOk(outcome));
      assert.ok(outcomes.length > 100, `${outcomes.length} requests`);
      // At most what was in flight, and what reached the dead engine before the router noticed.
      assert.ok(
        lost.length <= 2 * CONCURRENCY,
        `${lost.length} of ${outcomes.length} lost: ${JSON.stringify(lost.slice(0, 3))}`,
      );
      assert.ok(
        lost.every(({ at }) => at > killed - 2000),
        "nothing is lost before the kill",
      );
      assert.ok(
        outcomes.filter(({ at }) => at > killed + 3000).every(isOk),
        "three seconds later everything is answered",
      );
      await ready(stack(), engine.workload);
    });

    it("a restarted router finds its engines again", async () => {
      const router = stack().plan.routers[0];
      assert.ok(router !== undefined);
      await killAll(stack(), router.workload);
      await ready(stack(), router.workload);
      await answers(stack());
    });

    it("a restarted front keeps keys and routes", async () => {
      await killAll(stack(), stack().plan.front.workload);
      await ready(stack(), stack().plan.front.workload);
      await answers(stack());
    });
  });
}

function isOk(outcome: Outcome): boolean {
  return "status" in outcome && outcome.status === 200;
}

/** Names of the workload's pods that aren't on their way out. */
export async function podsOf(stack: LocalStack, workload: WorkloadPlan): Promise<string[]> {
  const { items } = await stack.core.listNamespacedPod({
    namespace: stack.plan.namespace,
    labelSelector: formatSelector(workload.selector),
  });
  return items.flatMap(({ metadata }) => (metadata?.deletionTimestamp === undefined ? [metadata?.name ?? ""] : []));
}

async function killAll(stack: LocalStack, workload: WorkloadPlan): Promise<void> {
  for (const name of await podsOf(stack, workload)) {
    await stack.core.deleteNamespacedPod({ name, namespace: stack.plan.namespace, gracePeriodSeconds: 0 });
  }
}

/** Waits until a workload has all its replicas. */
export async function ready(stack: LocalStack, workload: WorkloadPlan): Promise<void> {
  await eventually(async () => {
    const { status } = await stack.apps.readNamespacedDeployment({
      name: workload.name,
      namespace: stack.plan.namespace,
    });
    assert.equal(
      status?.readyReplicas ?? 0,
      workload.replicas,
      `${workload.name} has ${status?.readyReplicas ?? 0} ready`,
    );
  });
}

/** Waits until every model answers. */
export async function answers(stack: LocalStack): Promise<void> {
  await eventually(async () => {
    for (const { servedName } of stack.plan.engines) assert.equal((await chat(stack, servedName, "Hello")).status, 200);
  });
}

/** Tries until it doesn't throw, for a minute. */
export async function eventually(attempt: () => Promise<void>, seconds = 60): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(500);
    }
  }
}
