import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { Environment } from "./environment.ts";
import { parseEnvironment, PREFIX } from "./load.ts";
import { didYouMean, EnvironmentError } from "./problems.ts";

/** An environment and where it was read. */
export interface EnvironmentFile {
  /** Stack name: `local` of `environments/Pulumi.local.yaml`. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly path: string;
  readonly environment: Environment;
}

const FOLDER = resolve(import.meta.dirname, "..");

/** Names of the environments in `environments/`, sorted. */
export function environmentNames(folder: string = FOLDER): string[] {
  return readdirSync(folder)
    .map((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1])
    .filter((name) => name !== undefined)
    .sort();
}

/** Name of an environment that is given by name or by the path of its file: `local` of `environments/Pulumi.local.yaml`. */
export function environmentNameOf(nameOrPath: string): string {
  if (!nameOrPath.endsWith(".yaml")) return nameOrPath;
  return /^Pulumi\.(.+)\.yaml$/.exec(basename(nameOrPath))?.[1] ?? basename(nameOrPath, ".yaml");
}

/**
 * Reads an environment by name or by the path of its file, without an engine: secrets stay encrypted and count as present.
 *
 * @throws {@link EnvironmentError} if there is no such environment, or with all its problems
 */
export function readEnvironment(nameOrPath: string, folder: string = FOLDER): EnvironmentFile {
  const path = nameOrPath.endsWith(".yaml") ? resolve(nameOrPath) : join(folder, `Pulumi.${nameOrPath}.yaml`);
  if (!existsSync(path)) throw missing(nameOrPath, path, folder);
  return { name: environmentNameOf(path), path, environment: parseEnvironment(basename(path), readSettings(path)) };
}

/**
 * Secrets that stand in clear in an environment file, by path. The engine takes them all the same, and everybody who reads
 * the file or its history can too.
 */
export function plainSecrets(path: string): string[] {
  const settings = readSettings(path);
  const cluster = settings.cluster;
  const kubeconfig =
    typeof cluster === "object" && cluster !== null ? (Reflect.get(cluster, "kubeconfig") as unknown) : undefined;
  const keys = Object.entries(settings.apiKeys ?? {}).map(
    ([name, value]) => [`apiKeys.${name}`, value as unknown] as const,
  );
  const candidates = [
    ["huggingFaceToken", settings.huggingFaceToken],
    ["grafanaPassword", settings.grafanaPassword],
    ["cluster.kubeconfig", kubeconfig],
    ...keys,
  ] as const;
  return candidates.filter(([, value]) => typeof value === "string" || typeof value === "number").map(([name]) => name);
}

/** The settings of an environment file as they are written, without the prefix `vllm-stack:`. */
export function readSettings(path: string): Record<string, unknown> {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(path, "utf8"), { lineCounter: lines, prettyErrors: false });
  const file = basename(path);
  if (document.errors.length > 0) {
    throw new EnvironmentError(
      file,
      document.errors.map((error) => ({
        path: `line ${lines.linePos(error.pos[0]).line}`,
        rule: `is not YAML: ${error.message}`,
        remedy: "Correct the indentation or the quotes there.",
      })),
    );
  }
  const root = document.toJS() as unknown;
  const config = typeof root === "object" && root !== null ? (Reflect.get(root, "config") as unknown) : undefined;
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new EnvironmentError(file, [
      {
        path: "config",
        rule: "is required",
        remedy: `Put the settings below config:, each with the prefix ${PREFIX}.`,
      },
    ]);
  }
  const own = Object.entries(config).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(PREFIX.length), value as unknown]));
}

function missing(nameOrPath: string, path: string, folder: string): EnvironmentError {
  const known = existsSync(folder) ? environmentNames(folder) : [];
  const meant = didYouMean(nameOrPath, known);
  return new EnvironmentError(`Environment ${nameOrPath}`, [
    {
      path,
      rule: "does not exist",
      remedy: meant === undefined ? `There are: ${known.join(", ")}.` : `Did you mean ${meant}?`,
    },
  ]);
}
