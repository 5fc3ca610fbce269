import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { parse, parseDocument, stringify } from "yaml";

/** Settings of a stack as they are in its file. */
export type ConfigValue =
  null | boolean | number | string | readonly ConfigValue[] | { readonly [key: string]: ConfigValue };

/** The namespace of settings, and the name of the project. */
export const PROJECT = "vllm-stack";

/** What a workspace is made from. */
export interface WorkspaceSource {
  /** Folder with `Pulumi.yaml` and the environment files. Without one the project has neither. */
  readonly projectDir?: string;
  /** Name of the environment: the stack and the middle of its file's name. */
  readonly stack: string;
  /** The environment's file. @default `environments/Pulumi.<stack>.yaml` of the project, an empty one if it has none */
  readonly file?: string;
  /** Settings laid over those of the file; keys without a namespace are ours. */
  readonly config?: Readonly<Record<string, ConfigValue>>;
}

/**
 * Makes the folder the engine works in: a copy of the project file and of one environment. The engine writes into the
 * environment's file (`encryptionsalt`), which must not happen to the user's.
 * @returns the folder
 */
export async function makeWorkspace(source: WorkspaceSource, folder: string): Promise<string> {
  const environments = path.join(folder, "environments");
  await mkdir(environments, { recursive: true });
  await writeFile(path.join(folder, "Pulumi.yaml"), await projectFile(source.projectDir));
  const fileName = `Pulumi.${source.stack}.yaml`;
  const target = path.join(environments, fileName);
  const earlierSalt = existsSync(target) ? saltOf(await readFile(target, "utf8")) : undefined;
  await takeEnvironment(source, target);
  const document = parseDocument(existsSync(target) ? await readFile(target, "utf8") : "");
  for (const [key, value] of Object.entries(source.config ?? {})) {
    document.setIn(["config", key.includes(":") ? key : `${PROJECT}:${key}`], document.createNode(value));
  }
  // The salt belongs to the passphrase and to the secrets set in earlier runs.
  if (!document.has("encryptionsalt") && earlierSalt !== undefined) document.set("encryptionsalt", earlierSalt);
  await writeFile(target, document.contents === null ? "" : String(document));
  return folder;
}

async function takeEnvironment(source: WorkspaceSource, target: string): Promise<void> {
  const { projectDir, stack } = source;
  const usual = projectDir === undefined ? undefined : path.join(projectDir, "environments", `Pulumi.${stack}.yaml`);
  const file = source.file ?? usual;
  if (file !== undefined && existsSync(file)) await copyFile(file, target);
  else await writeFile(target, "");
}

async function projectFile(projectDir: string | undefined): Promise<string> {
  const plain = { name: PROJECT, runtime: "nodejs", stackConfigDir: "environments" };
  if (projectDir === undefined) return stringify(plain);
  const project: unknown = parse(await readFile(path.join(projectDir, "Pulumi.yaml"), "utf8"));
  return stringify({ ...plain, ...absolutePlugins(project, projectDir) });
}

/** The project's plugins with paths that hold in the copy too. */
function absolutePlugins(project: unknown, projectDir: string): Record<string, unknown> {
  if (!isRecord(project) || !isRecord(project.plugins) || !Array.isArray(project.plugins.providers)) return {};
  const providers: readonly unknown[] = project.plugins.providers;
  return {
    plugins: {
      providers: providers.map((provider) =>
        isRecord(provider) && typeof provider.path === "string"
          ? { ...provider, path: path.resolve(projectDir, provider.path) }
          : provider,
      ),
    },
  };
}

function saltOf(text: string): string | undefined {
  const salt: unknown = parseDocument(text).get("encryptionsalt");
  return typeof salt === "string" ? salt : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
