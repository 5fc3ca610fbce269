import { z } from "zod";
import { Environment } from "../../environments/schema/environment.ts";
import { PREFIX } from "../../environments/schema/load.ts";

/** A node of a JSON schema. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** JSON schema of the settings, without the prefix `vllm-stack:`. */
export function settingsSchema(): JsonSchema {
  return z.toJSONSchema(Environment, {
    io: "input",
    override: ({ jsonSchema, path }) => {
      const key = path.at(-1);
      if (key === "huggingFaceToken" || key === "grafanaPassword" || key === "kubeconfig") allowSecure(jsonSchema);
      if (path.at(-2) === "apiKeys" && key === "additionalProperties") allowSecure(jsonSchema);
    },
  });
}

/**
 * JSON schema of an environment file for editors. Keys of other projects (`aws:region`) and the engine's own
 * (`encryptionsalt`) are allowed beside ours; a secret may also be `{ secure: … }`.
 */
export function environmentSchema(): string {
  const { properties = {}, required = [] } = settingsSchema();
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

function allowSecure(schema: JsonSchema): void {
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
