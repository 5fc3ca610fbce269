import type { Evidence } from "./evidence.ts";
import { ACCELERATORS } from "./accelerators/table.ts";
import { didYouMean } from "./suggest.ts";

/** How a GPU computes in a number format: in hardware, by unpacking weights to 16 bits first, or not at all. */
export type FormatSupport = "native" | "weightOnly" | "none";

/**
 * Which scheduler defaults `vllm serve` picks: batched tokens / sequences.
 * `small` 2048/256, `large` 8192/1024 (70 GiB or more and no A100), `huge` 16384/1024 (160 GiB or more).
 * Source: vLLM `engine/arg_utils.py`, default batch sizes by device memory and name.
 */
export type BatchClass = "small" | "large" | "huge";

/** What an hour of one GPU costs somewhere: a hint for ordering alternatives, never a bill. */
export interface PriceHint {
  readonly usdPerGpuHour: number;
  /** Cloud and instance type. */
  readonly where: string;
  readonly date: string;
}

/** A device model replicas run on. */
export interface Accelerator extends Evidence {
  /** Name used in environments, for example `h100` or `a100-80gb`. */
  readonly id: string;
  readonly name: string;
  /** `simulated` devices have the figures of the device they stand for; `cpu` has no memory of its own. */
  readonly kind: "gpu" | "cpu" | "simulated";
  /** For `simulated`: id of the GPU it stands for. */
  readonly standsFor?: string;
  /** Memory in the vendor's GB, as sold. */
  readonly vendorMemoryGB: number;
  /** Memory in GiB that frameworks see (`torch.cuda.mem_get_info`), which is what vLLM's utilisation is a fraction of. */
  readonly memoryGiB: number;
  /** CUDA compute capability, `8.9` for example; 0 where there is none. */
  readonly computeCapability: number;
  readonly bf16: boolean;
  readonly fp8: FormatSupport;
  readonly fp4: FormatSupport;
  /** Whether a node's GPUs are linked so that tensor parallelism does not go through PCIe; `optional` with bridges. */
  readonly nvlink: "yes" | "no" | "optional";
  /** Whether the GPU can be cut into MIG slices. */
  readonly mig: boolean;
  /** Architecture of the hosts the GPU comes with. */
  readonly hostArchitecture: "amd64" | "arm64";
  readonly batchClass: BatchClass;
  /** Whether current vLLM images serve on it; `limited` warns, `refused` is an error. */
  readonly support: "supported" | "limited" | "refused";
  /** Why support is limited or refused, and other things to know. */
  readonly note?: string;
  /** False where `memoryGiB` is derived from the vendor's or the cloud's figure and was not seen measured. */
  readonly verified: boolean;
  readonly price?: PriceHint;
  /** Names clouds, Kubernetes labels and people use for it, in {@link normalise}d form. */
  readonly aliases: readonly string[];
}

const SIMULATED_PREFIX = "simulated-";

/** Lower case, words joined by single hyphens: `NVIDIA H100_80GB` → `nvidia-h100-80gb`. */
function normalise(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, "-");
}

/** All real devices and `cpu`, from the smallest GPU to the largest. */
export const accelerators: readonly Accelerator[] = ACCELERATORS;

/** Ids of {@link accelerators}. */
export const acceleratorIds: readonly string[] = ACCELERATORS.map((row) => row.id);

const byName = new Map<string, Accelerator>();
for (const row of ACCELERATORS) {
  for (const name of [row.id, normalise(row.name), ...row.aliases]) byName.set(name, row);
}

/**
 * The device of that id, product name, GKE accelerator name or `nvidia.com/gpu.product` label, if the catalog has it.
 * `simulated-<id>` is a simulated GPU with the figures of `<id>`; plain `simulated` stands for an H100.
 */
export function findAccelerator(name: string): Accelerator | undefined {
  const wanted = normalise(name);
  if (wanted === "simulated") return simulatedAccelerator("h100");
  if (wanted.startsWith(SIMULATED_PREFIX)) return simulatedAccelerator(wanted.slice(SIMULATED_PREFIX.length));
  return byName.get(wanted) ?? byName.get(wanted.replace(/^nvidia-/, ""));
}

/** Like {@link findAccelerator}, but an unknown name is an error that names the nearest one and all that exist. */
export function getAccelerator(name: string): Accelerator {
  const found = findAccelerator(name);
  if (found !== undefined) return found;
  const longer = acceleratorIds.filter((id) => id.startsWith(`${normalise(name)}-`));
  const hint = longer.length > 0 ? ` There are ${longer.join(" and ")}.` : didYouMean(name, acceleratorIds);
  throw new Error(
    `accelerator: ${name} – not in the catalog.${hint} Use one of ${acceleratorIds.join(", ")}, or simulated-<id>.`,
  );
}

/** A GPU that exists only in rehearsals and answers all questions as the GPU it stands for. */
export function simulatedAccelerator(standsFor: string): Accelerator | undefined {
  const real = byName.get(normalise(standsFor));
  if (real?.kind !== "gpu") return undefined;
  return {
    ...real,
    id: `${SIMULATED_PREFIX}${real.id}`,
    name: `simulated ${real.name}`,
    kind: "simulated",
    standsFor: real.id,
  };
}
