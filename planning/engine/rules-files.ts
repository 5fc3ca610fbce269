import { adaptersIn } from "./adapters.ts";
import { WEIGHTS_PATH } from "./environment.ts";
import { extraPath, flagOf, VLLM, type EngineFacts, type Rule } from "./facts.ts";
import { mergeFindings, NO_FINDINGS, refused, type Findings } from "../findings.ts";

/** Flags whose value may be the path of a file; `--chat-template` also takes a template itself. */
const FILE_FLAGS = ["--chat-template", "--tool-parser-plugin", "--reasoning-parser-plugin"] as const;

/** Working folder of vLLM's images, which bring vLLM's examples with their chat templates there. */
const IMAGE_PATH = "/vllm-workspace/";

/** Only the claim of `weights` and the model's own image bring files of people; what an image holds the plan can't see. */
function checkFiles(facts: EngineFacts): Findings {
  if (facts.model.image !== undefined) return NO_FINDINGS;
  const files = FILE_FLAGS.flatMap((name) => {
    const parsed = flagOf(facts, name);
    return parsed === undefined ? [] : parsed.values.map((file) => ({ argument: parsed.argument, file }));
  });
  const modules = flagOf(facts, "--lora-modules")?.argument ?? "--lora-modules";
  const adapters = adaptersIn(facts.flags).map(({ path }) => ({ argument: modules, file: path }));
  return mergeFindings(...[...files, ...adapters].map(({ argument, file }) => checkFile(facts, argument, file)));
}

function checkFile(facts: EngineFacts, argument: string, file: string): Findings {
  const { weights } = facts.model;
  if (!file.startsWith("/") || file.startsWith(IMAGE_PATH)) return NO_FINDINGS;
  const where = extraPath(facts, argument);
  const value = `${argument} ${file}`;
  if (weights.kind === "ephemeral") {
    return refused(
      where,
      value,
      "is a path, and no volume brings it",
      `Set weights to the claim that holds it and write ${WEIGHTS_PATH}/ and the path inside, or image to one that does.`,
    );
  }
  if (file.startsWith(`${WEIGHTS_PATH}/`)) return NO_FINDINGS;
  return refused(
    where,
    value,
    `is outside ${WEIGHTS_PATH}, where the claim ${weights.name} is mounted`,
    `Write ${WEIGHTS_PATH}/ and the path inside the claim, or set image to one that holds it.`,
  );
}

/** Rules about files that flags name. */
export const FILE_RULES: readonly Rule[] = [
  { id: "files", checks: "A file a flag names can be read by the engine.", runtimes: VLLM, check: checkFiles },
];
