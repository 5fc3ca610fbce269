import { type JsonSchema, settingsSchema } from "./schema.ts";

/** One row of the settings page. */
interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly description: string;
}

/** docs/settings.md: every setting of an environment file with type, default and meaning, from the schema itself. */
export function settingsPage(): string {
  const schema = settingsSchema();
  const required = new Set(schema.required ?? []);
  const sections = Object.entries(schema.properties ?? {}).map(([key, property]) =>
    section(key, asSchema(property), required.has(key)),
  );
  return [
    "# Settings of an environment",
    "",
    "<!-- Generated from environments/schema by `npm run generate`. -->",
    "",
    "Each setting stands in `environments/Pulumi.<name>.yaml` below `config:`, the top-level ones with the prefix `vllm-stack:`.",
    "Unknown settings are refused. Secrets are set with `pulumi config set --secret` and stand encrypted in the file.",
    "",
    "`[]` stands for each entry of a list. Where a setting belongs to one kind of an object only, the kind stands before its meaning.",
    "",
    ...sections,
  ].join("\n");
}

function section(key: string, schema: JsonSchema, required: boolean): string {
  const rows = settingRows(key, schema, required);
  const own = rows.length === 1 ? rows : rows.slice(1);
  const note = required ? " Required." : "";
  const table = [
    "| Setting | Type | Default | Meaning |",
    "| --- | --- | --- | --- |",
    ...own.map((row) => `| \`${row.path}\` | ${row.type} | ${row.fallback} | ${row.description} |`),
  ];
  return [`## ${key}`, "", `${schema.description ?? ""}${note}`.trim(), "", ...table, ""].join("\n");
}

function rowsOf(path: string, schema: JsonSchema): Row[] {
  const members = unionOf(schema);
  if (members !== null) return members.flatMap((member) => memberRows(path, member));
  if (schema.properties !== undefined) {
    const required = new Set(schema.required ?? []);
    return Object.entries(schema.properties).flatMap(([key, property]) =>
      settingRows(`${path}.${key}`, asSchema(property), required.has(key)),
    );
  }
  return [rowOf(path, schema, false)];
}

/** The rows of one setting: itself, or what is inside it. */
function settingRows(path: string, schema: JsonSchema, required: boolean): Row[] {
  const items = schema.items === undefined || Array.isArray(schema.items) ? undefined : asSchema(schema.items);
  if (items?.properties !== undefined || (items !== undefined && unionOf(items) !== null)) {
    return [rowOf(path, schema, required), ...rowsOf(`${path}[]`, items)];
  }
  if (schema.properties !== undefined || unionOf(schema) !== null) {
    return [rowOf(path, schema, required), ...rowsOf(path, schema)];
  }
  return [rowOf(path, schema, required)];
}

/** A member of a discriminated union: its constant names it, its other settings follow. */
function memberRows(path: string, member: JsonSchema): Row[] {
  const properties = Object.entries(member.properties ?? {});
  const [discriminator, constant] = properties.find(([, value]) => asSchema(value).const !== undefined) ?? [];
  if (discriminator === undefined || constant === undefined) return rowsOf(path, member);
  const kind = JSON.stringify(asSchema(constant).const).replaceAll('"', "");
  const required = new Set(member.required ?? []);
  const others = properties.filter(([key]) => key !== discriminator);
  return [
    {
      path: `${path}.${discriminator}: ${kind}`,
      type: "choice",
      fallback: "",
      description: escape(member.description ?? ""),
    },
    ...others.flatMap(([key, value]) =>
      settingRows(`${path}.${key}`, asSchema(value), required.has(key)).map((row) => ({
        ...row,
        description: `*${kind}:* ${row.description}`,
      })),
    ),
  ];
}

function rowOf(path: string, schema: JsonSchema, required: boolean): Row {
  const fallback = schema.default === undefined ? "" : `\`${escape(JSON.stringify(schema.default))}\``;
  return {
    path,
    type: escape(typeOf(schema)),
    fallback: required ? "required" : fallback,
    description: escape(schema.description ?? ""),
  };
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(String).join(", ");
  if (isSecret(schema)) return "secret";
  if (unionOf(schema) !== null || schema.properties !== undefined) return "object";
  if (schema.type === "array") {
    const items = Array.isArray(schema.items) || schema.items === undefined ? undefined : asSchema(schema.items);
    return items === undefined ? "list" : `list of ${typeOf(items)}`;
  }
  if (schema.type === "object") return "map";
  if (schema.type === "integer") return "whole number";
  return Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? "any");
}

function isSecret(schema: JsonSchema): boolean {
  return (schema.anyOf ?? []).some((member) => "secure" in (asSchema(member).properties ?? {}));
}

function unionOf(schema: JsonSchema): JsonSchema[] | null {
  if (isSecret(schema)) return null;
  const members = schema.oneOf ?? schema.anyOf;
  return members === undefined ? null : members.map(asSchema);
}

/** `true` and `false` are schemas too; neither occurs in ours. */
function asSchema(schema: boolean | JsonSchema): JsonSchema {
  return typeof schema === "boolean" ? {} : schema;
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
