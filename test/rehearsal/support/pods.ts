import { z } from "zod";
import type { ApiClient } from "../../../rehearsal/cluster/api.ts";
import { until } from "../../../rehearsal/cluster/wait.ts";

const podSchema = z.object({
  spec: z.object({ nodeName: z.string().optional() }),
  status: z.object({
    phase: z.string().default("Pending"),
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().optional() })).default([]),
    containerStatuses: z.array(z.object({ state: z.record(z.string(), z.unknown()) })).default([]),
  }),
});

/** What the restricted pod security standard asks of a pod and of its containers. */
export const RESTRICTED = {
  pod: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
  container: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
} as const;

/** A pod as the API server has it now. */
export async function readPod(api: ApiClient, namespace: string, name: string) {
  const { status, body } = await api.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
  if (status !== 200) throw new Error(`pod ${namespace}/${name}: ${status}`);
  return podSchema.parse(body);
}

/** Waits until a pod is Ready and says on which node. */
export async function podReady(api: ApiClient, namespace: string, name: string): Promise<string> {
  const pod = await podReaches(api, namespace, name, ({ conditions }) =>
    conditions.some(({ type, status }) => type === "Ready" && status === "True"),
  );
  return pod.spec.nodeName ?? "";
}

/** Runs a pod to its end and returns what it printed. */
export async function podOutput(
  api: ApiClient,
  namespace: string,
  pod: { metadata: { name: string } },
): Promise<string> {
  await api.create(`/api/v1/namespaces/${namespace}/pods`, pod);
  const { name } = pod.metadata;
  await podReaches(api, namespace, name, ({ phase }) => phase === "Succeeded" || phase === "Failed");
  const { body } = await api.get(`/api/v1/namespaces/${namespace}/pods/${name}/log`);
  return typeof body === "string" ? body : JSON.stringify(body);
}

async function podReaches(
  api: ApiClient,
  namespace: string,
  name: string,
  reached: (status: z.infer<typeof podSchema>["status"]) => boolean,
) {
  await until({
    what: `pod ${namespace}/${name}`,
    timeoutMs: 60_000,
    problem: async () => {
      const { status } = await readPod(api, namespace, name);
      return reached(status) ? undefined : JSON.stringify(status);
    },
  });
  return readPod(api, namespace, name);
}
