/**
 * Writes the files that follow from the sources, or with `--check` fails where one is not current.
 * `npm run generate` after a change of the schema.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Environment } from "../environments/schema/environment.ts";
import { PREFIX } from "../environments/schema/load.ts";

const ROOT = join(import.meta.dirname, "..");

/** Generated files, by path below the project. */
const FILES: Readonly<Record<string, () => string>> = {
  "environments/schema/environment.schema.json": environmentSchema,
};

/**
 * JSON schema of an environment file for editors. Keys of other projects (`aws:region`) and the engine's own
 * (`encryptionsalt`) are allowed beside ours; a secret may also be `{ secure: … }`.
 */
export function environmentSchema(): string {
  const { properties = {}, required = [] } = z.toJSONSchema(Environment, {
    io: "input",
    override: ({ jsonSchema, path }) => {
      const key = path.at(-1);
      if (key === "huggingFaceToken" || key === "grafanaPassword" || key === "kubeconfig") allowSecure(jsonSchema);
      if (path.at(-2) === "apiKeys" && key === "additionalProperties") allowSecure(jsonSchema);
    },
  });
  const prefixed = Object.fromEntries(Object.entries(properties).map(([key, value]) => [`${PREFIX}${key}`, value]));
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "An environment of pulumi-vllm-stack",
    type: "object",
    required: ["config"],
    properties: {
      config: {
        type: "object",
        properties: prefixed,
        required: required.map((key) => `${PREFIX}${key}`),
        // An unknown key of ours is an error; other projects' keys are theirs.
        patternProperties: { "^(?!vllm-stack:)": {} },
        additionalProperties: false,
      },
    },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function allowSecure(schema: z.core.JSONSchema.BaseSchema): void {
  // zod visits an optional setting twice: as itself and as what it wraps.
  if ("anyOf" in schema) return;
  const { description, ...plain } = schema;
  for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key);
  Object.assign(schema, {
    ...(description === undefined ? {} : { description }),
    anyOf: [
      plain,
      { type: "object", properties: { secure: { type: "string" } }, required: ["secure"], additionalProperties: false },
    ],
  });
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const stale = Object.entries(FILES).filter(([path, render]) => {
    const target = join(ROOT, path);
    const text = render();
    if (check) return !isCurrent(target, text);
    writeFileSync(target, text);
    return false;
  });
  for (const [path] of stale) console.error(`${path} is not current. Run \`npm run generate\` and commit the result.`);
  if (stale.length > 0) process.exitCode = 1;
}

function isCurrent(path: string, text: string): boolean {
  try {
    return readFileSync(path, "utf8") === text;
  } catch {
    return false;
  }
}
