import { findAccelerator } from "../../catalog/accelerators.ts";
import { isGated } from "../../catalog/models.ts";
import { WEIGHTS_PATH } from "./environment.ts";
import { extraPath, flagOf, valueOf, VLLM, type EngineFacts, type Rule } from "./facts.ts";
import { downloads, isPath } from "./timing.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "../findings.ts";
import { gibOf, readableGiB } from "../quantities.ts";

function checkToken({ environment, model, path }: EngineFacts): Findings {
  const gated = model.gated ?? isGated(model.model);
  if (!gated || !downloads(model) || environment.huggingFaceToken !== undefined) return NO_FINDINGS;
  return refused(
    `${path}.model`,
    model.model,
    "is gated: its repository asks for a token of somebody who accepted its licence",
    "Set the secret: pulumi config set --secret vllm-stack:huggingFaceToken (or gated: false, if it is open).",
  );
}

/** A branch or tag can move to other code after it was read. */
function checkCode({ model, path }: EngineFacts): Findings {
  if (!model.trustRemoteCode || isPath(model.model)) return NO_FINDINGS;
  if (model.revision !== undefined && /^[0-9a-f]{40}$/.test(model.revision)) return NO_FINDINGS;
  return refused(
    `${path}.revision`,
    model.revision,
    "must be a commit where trustRemoteCode runs the repository's code",
    "Read the code, then pin its commit (40 hexadecimal digits).",
  );
}

function checkPath({ model, path, flags }: EngineFacts): Findings {
  const bucket = /^(s3|gs|az):\/\//.exec(model.model);
  if (bucket !== null) {
    const format = flags.find(({ flag }) => flag.name === "--load-format")?.values[0] ?? "auto";
    return format.startsWith("runai_streamer")
      ? NO_FINDINGS
      : refused(
          `${path}.model`,
          model.model,
          `is object storage, which load format ${format} can't read`,
          "Add --load-format runai_streamer to extraArgs.",
        );
  }
  if (!isPath(model.model) || model.image !== undefined) return NO_FINDINGS;
  if (model.weights.kind === "ephemeral") {
    return refused(
      `${path}.model`,
      model.model,
      "is a path, and no volume brings it",
      "Set weights to the claim that holds it, or image to one that does.",
    );
  }
  if (model.model.startsWith(`${WEIGHTS_PATH}/`)) return NO_FINDINGS;
  return refused(
    `${path}.model`,
    model.model,
    `is outside ${WEIGHTS_PATH}, where the claim ${model.weights.name} is mounted`,
    `Write ${WEIGHTS_PATH}/ and the path inside the claim.`,
  );
}

/** A probe that gives up before the model is loaded begins the load anew, for ever. */
function checkStart({ model, path, times }: EngineFacts): Findings {
  const predicted = times.start?.seconds ?? 0;
  if (model.startSeconds === undefined || model.startSeconds >= predicted) return NO_FINDINGS;
  return warned(
    `${path}.startSeconds`,
    `${model.startSeconds} s are less than the ${predicted} s a start is predicted to take; an engine that needs longer is restarted again and again.`,
  );
}

/** The kubelet evicts a pod whose download grows beyond its volume, at the end of every attempt. */
function checkVolume({ model, path, shape }: EngineFacts): Findings {
  const { weights } = model;
  if (weights.kind !== "ephemeral" || weights.size === undefined || shape === null) return NO_FINDINGS;
  const filesGiB = shape.weightsBytes / 2 ** 30;
  return gibOf(weights.size) >= filesGiB
    ? NO_FINDINGS
    : refused(
        `${path}.weights.size`,
        weights.size,
        `is less than the ${readableGiB(filesGiB)} of ${model.model}`,
        `Use at least ${Math.ceil(filesGiB * 1.2 + 2)}Gi, or leave it out.`,
      );
}

function checkMemory({ model, path, needs }: EngineFacts): Findings {
  const { memory } = model.resources;
  const least = 4 + 2 * needs.gpus;
  if (memory === undefined || gibOf(memory) >= least) return NO_FINDINGS;
  return warned(
    `${path}.resources.memory`,
    `${memory} is little: vLLM's processes alone are estimated to need ${least} GiB, and the kernel kills an engine that needs more than it has.`,
  );
}

/** Each layer's results are exchanged between the GPUs, twice per token. */
function checkInterconnect({ model, path, pool }: EngineFacts): Findings {
  const accelerator = pool === null ? undefined : findAccelerator(pool.accelerator);
  if (model.tensorParallel === 1 || accelerator?.nvlink !== "no") return NO_FINDINGS;
  return warned(
    `${path}.tensorParallel`,
    `${accelerator.name} has no NVLink: tensor parallelism over ${model.tensorParallel} GPUs goes through PCIe, which costs latency. pipelineParallel exchanges less.`,
  );
}

/** A volume of one node is no place for engines on several. */
function checkClaim({ model, path }: EngineFacts): Findings {
  const { weights } = model;
  if (weights.kind !== "claim" || weights.accessMode !== "ReadWriteOnce") return NO_FINDINGS;
  return mergeFindings(
    model.replicas <= 1
      ? NO_FINDINGS
      : refused(
          `${path}.weights.accessMode`,
          weights.accessMode,
          `serves one node, and ${model.replicas} replicas may stand on several`,
          "Use a ReadWriteMany or ReadOnlyMany claim, ephemeral weights, or one replica.",
        ),
    model.spareGpus
      ? refused(
          `${path}.spareGpus`,
          "true",
          "starts a second engine during a rollout, which may not reach the ReadWriteOnce claim of the first",
          "Leave it false, or use a ReadWriteMany claim.",
        )
      : NO_FINDINGS,
  );
}

function checkCpu({ model, path, needs, shape }: EngineFacts): Findings {
  const split = model.tensorParallel * model.pipelineParallel;
  const weightsGiB = (shape?.weightsBytes ?? 0) / 2 ** 30;
  return mergeFindings(
    split === 1
      ? NO_FINDINGS
      : refused(
          `${path}.tensorParallel`,
          model.tensorParallel,
          "splits a model over GPUs, and CPU engines have none",
          "Use 1 for tensorParallel and pipelineParallel.",
        ),
    needs.cpuKvGiB >= 1
      ? NO_FINDINGS
      : refused(
          `${path}.resources.memory`,
          model.resources.memory,
          `leaves no GiB for the KV cache beside ${readableGiB(weightsGiB)} of weights and 4 GiB of programs`,
          `Use at least ${Math.ceil(weightsGiB) + 6}Gi.`,
        ),
    shape === null || model.maxModelLength === undefined || model.maxModelLength <= shape.maxLength
      ? NO_FINDINGS
      : refused(
          `${path}.maxModelLength`,
          model.maxModelLength,
          `is more than the ${shape.maxLength} tokens the model was made for`,
          `Use at most ${shape.maxLength}.`,
        ),
  );
}

/** vLLM takes one connector; its own offloading is another. */
function checkConnector(facts: EngineFacts): Findings {
  const { cache, model, path } = facts;
  const own = facts.extra.find(({ flag }) => flag.name === "--kv-transfer-config");
  const offload = flagOf(facts, "--kv-offloading-size");
  const problems: Findings[] = [];
  if (cache !== null && own !== undefined) {
    problems.push(
      refused(
        extraPath(facts, own.argument),
        own.argument,
        "is what the cache settings render",
        "Leave it out, or set cache: { kind: none } for this model.",
      ),
    );
  }
  if (offload !== undefined && (cache !== null || own !== undefined)) {
    problems.push(
      refused(
        extraPath(facts, offload.argument),
        offload.argument,
        "is a KV connector of its own, and an engine has one",
        "Use the cache settings or --kv-offloading-size, not both.",
      ),
    );
  }
  if (valueOf(facts, "--kv-offloading-backend") === "lmcache") {
    problems.push(
      refused(
        `${path}.extraArgs`,
        "--kv-offloading-backend lmcache",
        "expects an LMCache server in the pod, which there is not",
        "Use the cache settings.",
      ),
    );
  }
  return model.runtime === "cpu" && offload !== undefined
    ? refused(
        extraPath(facts, offload.argument),
        offload.argument,
        "copies from GPUs, and there are none",
        "Leave it out.",
      )
    : mergeFindings(...problems);
}

/** Rules about the model, its weights and its cache. */
export const MODEL_RULES: readonly Rule[] = [
  { id: "gated", checks: "A gated model comes with a token.", runtimes: VLLM, check: checkToken },
  { id: "remote-code", checks: "Code of a repository is pinned to a commit.", runtimes: VLLM, check: checkCode },
  { id: "model-path", checks: "A path or bucket can be read by the engine.", runtimes: VLLM, check: checkPath },
  { id: "start", checks: "A start gets the time it needs.", runtimes: VLLM, check: checkStart },
  { id: "volume", checks: "A download has room in its volume.", runtimes: VLLM, check: checkVolume },
  { id: "memory", checks: "An engine has memory for its processes.", runtimes: ["cuda"], check: checkMemory },
  { id: "interconnect", checks: "GPUs that share layers are linked.", runtimes: ["cuda"], check: checkInterconnect },
  { id: "claim", checks: "A volume reaches all replicas.", runtimes: VLLM, check: checkClaim },
  {
    id: "cpu",
    checks: "A CPU engine is one process that has memory for its cache.",
    runtimes: ["cpu"],
    check: checkCpu,
  },
  { id: "connector", checks: "An engine has one KV connector.", runtimes: VLLM, check: checkConnector },
];
