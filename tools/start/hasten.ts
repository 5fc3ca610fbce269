import { CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { setTimeout as sleep } from "node:timers/promises";

const INTERVAL_MS = 250;

/**
 * Ends pods at once that have been told to end, until the signal aborts. Pods drain before they leave, each layer waits for
 * the one above it, and on an embedded cluster that is about to go nobody is left to be served.
 * What can't be asked or deleted is left to its own time.
 */
export async function hastenPods(kubeconfig: string, namespace: string, signal: AbortSignal): Promise<void> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  while (!signal.aborted) {
    try {
      const { items } = await core.listNamespacedPod({ namespace });
      const leaving = items.flatMap(({ metadata }) =>
        metadata?.deletionTimestamp === undefined || metadata.name === undefined ? [] : [metadata.name],
      );
      await Promise.all(leaving.map((name) => core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 })));
    } catch {
      // A pod may be gone in between; the next round sees what is left.
    }
    await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}
