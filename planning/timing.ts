/** Where an engine reads its weights from when it starts. */
export type WeightsSource = "hub" | "sharedVolume" | "localDisk";

/** What decides how long an engine takes until it answers. */
export interface StartRequest {
  /** Weights of the replica in bytes. */
  readonly weightsBytes: number;
  readonly source: WeightsSource;
  /** GPUs of the replica. @default 1 */
  readonly gpus?: number;
  /** Layers of the model; compilation grows with them. @default 32 */
  readonly layers?: number;
  /** `--enforce-eager`: neither compilation nor CUDA graphs. @default false */
  readonly enforceEager?: boolean;
  /** Size of the engine's image in bytes when the node may have to pull it. @default 0, the image is there */
  readonly imageBytes?: number;
}

/** One part of a start, in seconds. */
export interface StartStep {
  readonly label: string;
  readonly seconds: number;
}

/** How long a start takes. */
export interface StartPrediction {
  readonly seconds: number;
  readonly breakdown: readonly StartStep[];
  /**
   * What probes and deadlines should allow: twice the prediction and at least ten minutes, in whole minutes, because a
   * slow disk costs time and a probe that gives up too early costs a restart from the beginning.
   */
  readonly budgetSeconds: number;
}

/**
 * Bytes per second weights arrive with when nobody tuned anything.
 * hub: 141 GB of Llama-3.3-70B copied in about 24 minutes (Google accelerated-platforms, storage benchmarking).
 * sharedVolume: the same model through an untuned network file system in about 1,200 s (there, GCSFuse defaults).
 * localDisk: 16.1 GB of Llama-3-8B from a default gp3 volume in 47.99 s (NVIDIA, Run:ai model streamer).
 */
export const THROUGHPUT: Readonly<Record<WeightsSource, number>> = {
  hub: 98e6,
  sharedVolume: 118e6,
  localDisk: 335e6,
};

/** A 10 GB image takes seven to ten minutes to pull and unpack with the classic snapshotter (tensorfuse). */
const IMAGE_BYTES_PER_SECOND = 20e6;

/** Python, imports and CUDA context. Estimated: small models with everything cached start in 40 to 120 s. */
const PROCESS_SECONDS = 25;

/** Handshake of the workers of one replica. Estimated. */
const WORKERS_SECONDS = 10;

/** Compilation and CUDA graph capture, per layer and in all. Estimated as above. */
const COMPILE_SECONDS = 20;
const COMPILE_SECONDS_PER_LAYER = 0.75;

const SMALLEST_BUDGET_SECONDS = 600;

/**
 * How long an engine takes from its container's start until `/health` answers.
 * Loading is bytes over the throughput of the source; the rest is estimated from published starts.
 */
export function predictStart(request: StartRequest): StartPrediction {
  const { weightsBytes, source, gpus = 1, layers = 32, enforceEager = false, imageBytes = 0 } = request;
  const verb = source === "hub" ? "download weights" : "load weights";
  const breakdown: StartStep[] = [
    { label: "pull image", seconds: Math.round(imageBytes / IMAGE_BYTES_PER_SECOND) },
    { label: "start process", seconds: PROCESS_SECONDS + (gpus > 1 ? WORKERS_SECONDS : 0) },
    { label: verb, seconds: Math.ceil(weightsBytes / THROUGHPUT[source]) },
    {
      label: "compile, capture CUDA graphs",
      seconds: enforceEager ? 0 : Math.round(COMPILE_SECONDS + COMPILE_SECONDS_PER_LAYER * layers),
    },
  ].filter((step) => step.seconds > 0);
  const seconds = breakdown.reduce((sum, step) => sum + step.seconds, 0);
  const budgetSeconds = Math.max(SMALLEST_BUDGET_SECONDS, Math.ceil((2 * seconds) / 60) * 60);
  return { seconds, breakdown, budgetSeconds };
}
