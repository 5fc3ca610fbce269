import type { Environment, EnvironmentInput } from "../../../environments/schema/environment.ts";
import { parseEnvironment } from "../../../environments/schema/load.ts";
import { planEngine, type PlannedEngine } from "../../../planning/engine.ts";
import { planPools } from "../../../planning/pools.ts";
import type { EnginePlan } from "../../../planning/types.ts";

/** A model as people write it. */
export type ModelInput = EnvironmentInput["models"][number];
/** A pool as people write it. */
export type PoolInput = NonNullable<Extract<EnvironmentInput["cluster"], { provider: "existing" }>["gpuPools"]>[number];

/** Eight H100 in each of two nodes. */
export const H100: PoolInput = {
  name: "h100",
  accelerator: "h100",
  gpusPerNode: 8,
  nodes: 2,
  nodeSelector: { pool: "h100" },
};

/** An open model that fits one H100 with room to spare. */
export const SMALL: ModelInput = { name: "small", model: "Qwen/Qwen3-8B", maxModelLength: 8192 };

/** An environment with one pool and one model, changed by `settings`; parsed as a file would be. */
export function environmentOf(settings: Partial<EnvironmentInput> = {}): Environment {
  return parseEnvironment("test", {
    cluster: { provider: "existing", context: "test", gpuPools: [H100] },
    models: [SMALL],
    ...settings,
  });
}

/** The cluster of an environment with these pools. */
export function clusterOf(gpuPools: readonly PoolInput[], more: object = {}): EnvironmentInput["cluster"] {
  return { provider: "existing", context: "test", gpuPools: [...gpuPools], ...more };
}

/** {@link environmentOf} with {@link SMALL} changed. */
export function withModel(change: Partial<ModelInput>, settings: Partial<EnvironmentInput> = {}): Environment {
  return environmentOf({ models: [{ ...SMALL, ...change }], ...settings });
}

/** What is planned and said about the first model. */
export function planFirst(environment: Environment, name = "test"): PlannedEngine {
  const [model] = environment.models;
  if (model === undefined) throw new Error("the environment has no model");
  return planEngine({ environmentName: name, environment, pools: planPools(environment).pools }, model, 0);
}

/** The engines of the first model of an environment without problems. */
export function engineOf(environment: Environment): EnginePlan {
  const { engine, problems } = planFirst(environment);
  if (engine === null || problems.length > 0) throw new Error(`no engine: ${JSON.stringify(problems)}`);
  return engine;
}

/** The value of an environment variable of an engine; undefined for secrets, fields and what is not set. */
export function variable(engine: EnginePlan, name: string): string | undefined {
  const found = engine.workload.pod.env.find((candidate) => candidate.name === name);
  return found !== undefined && "value" in found ? found.value : undefined;
}

/** The word after a flag in an engine's command. */
export function argument(engine: EnginePlan, flag: string): string | undefined {
  const command = engine.workload.pod.command ?? [];
  const at = command.indexOf(flag);
  return at === -1 ? undefined : command[at + 1];
}
