import type { Environment, Model } from "../../environments/schema/environment.ts";
import type { EngineCache } from "../cache.ts";
import { runtimeClassOf } from "../device-plugin.ts";
import { HOME, WEIGHTS_PATH } from "./environment.ts";
import { HOME_GIB, resourcesOf, type EngineResources } from "./resources.ts";
import { engineProbes, type EngineTimes } from "./timing.ts";
import { engineImageFor } from "../images.ts";
import { API_PORT } from "../names.ts";
import { formatGiB } from "../quantities.ts";
import type { EnvironmentVariable, Mount, PodPlan, PodSecurity, PoolPlan } from "../types.ts";

/** Everything that was decided about an engine before its pod is put together. */
export interface EngineParts {
  readonly environment: Environment;
  readonly model: Model;
  readonly pool: PoolPlan | null;
  readonly command: readonly string[];
  readonly env: readonly EnvironmentVariable[];
  readonly cache: EngineCache | null;
  readonly needs: EngineResources;
  readonly times: EngineTimes;
}

/**
 * vLLM's images are prepared for user 2000 in group 0. Their root file system stays writable: libraries compile kernels
 * into folders that no setting names. The simulator is one static file.
 * Source: vLLM `docker/Dockerfile`, read 2026-08; llm-d-inference-sim 0.10.2 image.
 */
const SECURITY: Readonly<Record<Model["runtime"], PodSecurity>> = {
  cuda: { runAsUser: 2000, runAsGroup: 0, fsGroup: 0, readOnlyRootFilesystem: false },
  cpu: { runAsUser: 2000, runAsGroup: 0, fsGroup: 0, readOnlyRootFilesystem: false },
  simulator: { runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532, readOnlyRootFilesystem: true },
};

/** The pod of one engine. The container is called `vllm`: the production-stack router looks for that name. */
export function enginePod(parts: EngineParts): PodPlan {
  const { environment, model, pool, needs, times } = parts;
  return {
    container: "vllm",
    image: engineImageFor(environment, model),
    pullPolicy: environment.images.pullPolicy,
    pullSecrets: environment.images.pullSecrets,
    command: parts.command,
    args: null,
    env: parts.env,
    ports: [{ name: "http", port: API_PORT }],
    probes: engineProbes(model, times),
    resources: resourcesOf(needs),
    mounts: mountsOf(parts),
    security: SECURITY[model.runtime],
    nodeSelector: pool?.nodeSelector ?? {},
    tolerations: pool?.tolerations ?? [],
    runtimeClass: needs.gpus > 0 ? runtimeClassOf(environment) : null,
    preStopSeconds: times.preStop,
    terminationGracePeriodSeconds: times.gracePeriod,
    annotations: {},
  };
}

function mountsOf({ model, needs, cache }: EngineParts): readonly Mount[] {
  const scratch = (name: string, path: string, gib: number): Mount => ({
    name,
    path,
    readOnly: false,
    source: { kind: "emptyDir", sizeLimit: formatGiB(gib) },
  });
  if (model.runtime === "simulator") return [scratch("tmp", "/tmp", 0.25)];
  return [
    {
      name: "shm",
      path: "/dev/shm",
      readOnly: false,
      source: { kind: "memory", sizeLimit: formatGiB(needs.shmGiB) },
    },
    weightsMount(model, needs),
    scratch("home", HOME, HOME_GIB),
    ...(cache?.mounts ?? []),
  ];
}

function weightsMount({ weights }: Model, needs: EngineResources): Mount {
  const mount = { name: "weights", path: WEIGHTS_PATH };
  if (weights.kind === "claim") {
    return {
      ...mount,
      readOnly: weights.accessMode === "ReadOnlyMany",
      source: { kind: "claim", claim: weights.name },
    };
  }
  return {
    ...mount,
    readOnly: false,
    source: { kind: "emptyDir", sizeLimit: formatGiB(needs.weightsVolumeGiB) },
  };
}
