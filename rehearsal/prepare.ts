import { clusterTools } from "./cluster/tools.ts";
import type { ClusterTools } from "./cluster/types.ts";
import type { ImageArchive } from "./images/images.ts";
import { type ImageName, prepareImages, toolsOf } from "./images/images.ts";
import type { Progress } from "./progress.ts";
import { prepareTools, type Toolchain, type ToolName, toolProblems } from "./toolchain/toolchain.ts";

/** Images of the local environment, with the sandbox of every pod. */
export const LOCAL_IMAGES: readonly ImageName[] = ["pause", "inference-sim", "vllm-router", "front", "prometheus"];

const CLUSTER_TOOLS: readonly ToolName[] = ["node", "kubernetes", "kwok", "coredns"];

/** The engine, the cluster's programs, and what the images hold. */
const TOOLS: readonly ToolName[] = ["pulumi", ...CLUSTER_TOOLS, ...toolsOf(LOCAL_IMAGES)];

/** Everything a rehearsal with real pods is made of. */
export interface Rehearsal {
  readonly toolchain: Toolchain;
  readonly clusterTools: ClusterTools;
  readonly images: readonly ImageArchive[];
}

/** What keeps {@link prepareRehearsal} from succeeding here, known before anything is built; complete messages. */
export async function rehearsalProblems(): Promise<readonly string[]> {
  return await toolProblems(TOOLS);
}

/**
 * Makes the engine, the embedded cluster's programs and the images of the local environment available in the cache.
 *
 * @throws ToolchainError with the remedy when something this machine must have is missing
 */
export async function prepareRehearsal(options: {
  readonly progress: Progress;
  readonly signal?: AbortSignal | undefined;
}): Promise<Rehearsal> {
  const toolchain = await prepareTools(TOOLS, options);
  const images = await prepareImages(LOCAL_IMAGES, { ...options, toolchain });
  return { toolchain, clusterTools: clusterTools(toolchain), images };
}
