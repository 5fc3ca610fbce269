import { findAccelerator } from "../catalog/accelerators.ts";
import { formatImage, parseImage } from "../catalog/image-reference.ts";
import {
  checkImage,
  defaultImage,
  findImage,
  imageVersions,
  type CatalogImage,
  type ImageRole,
} from "../catalog/images.ts";
import { VLLM_VERSIONS } from "../catalog/vllm.ts";
import type { Environment, Model } from "../environments/schema/environment.ts";
import { cacheOf, usesCache } from "./cache/use.ts";
import { mergeFindings, NO_FINDINGS, refused, warned, type Findings } from "./findings.ts";
import { poolOf } from "./pools.ts";
import type { PoolPlan } from "./types.ts";

/** Newest version of vLLM whose flags are in the catalog; images of unknown content are held to it. */
const [, , NEWEST_VLLM] = VLLM_VERSIONS;

/** Version of LMCache whose settings are in the catalog. */
const NEWEST_LMCACHE = "0.5.6";

/**
 * The image of a program: an override, else the environment's, else the catalog's, from the registry that mirrors all
 * others where there is one.
 *
 * @param override the image of one model
 * @param withCache for engines: whether LMCache must be in it. @default the stack's cache settings
 */
export function imageFor(environment: Environment, role: ImageRole, override?: string, withCache?: boolean): string {
  const { overrides, registry } = environment.images;
  const cached = withCache ?? environment.cache.kind === "lmcache";
  const reference = override ?? overrides[role] ?? defaultImage(role, { withCache: cached }).reference;
  return registry === undefined ? reference : mirrored(reference, registry);
}

/** The role of an engine's image in `images.overrides`. */
export function imageRoleOf(model: Model): "engine" | "cpuEngine" | "simulator" {
  return model.runtime === "cuda" ? "engine" : model.runtime === "cpu" ? "cpuEngine" : "simulator";
}

/** The image of a model's engines. */
export function engineImageFor(environment: Environment, model: Model): string {
  return imageFor(environment, imageRoleOf(model), model.image, usesCache(environment, model));
}

/** Images of `localhost` were built on the nodes and are in no registry. */
function mirrored(reference: string, registry: string): string {
  const parsed = parseImage(reference);
  if (parsed.registry === "localhost" || reference.startsWith(`${registry}/`)) return reference;
  return formatImage({ ...parsed, registry });
}

/** Version of vLLM inside an image, also of a mirror; null where nobody knows. */
export function vllmVersionOf(image: string): string | null {
  return (catalogImageOf(image)?.versions ?? imageVersions(image)).vllm ?? null;
}

/** Version whose flags an engine is checked against: the image's, or the newest that is known. */
export function flagVersionOf(image: string): string {
  return vllmVersionOf(image) ?? NEWEST_VLLM;
}

/** Version whose settings LMCache is checked against: the image's, or the newest that is known. */
export function lmcacheVersionOf(image: string): string {
  return catalogImageOf(image)?.versions.lmcache ?? NEWEST_LMCACHE;
}

/**
 * Whether an image has LMCache: `tested` in a pair tested together, `bundled` in vLLM's own image at whatever version
 * was newest when it was built, `no` in vLLM's images without it.
 */
export function lmcacheIn(image: string): "tested" | "bundled" | "no" | "unknown" {
  const { repository } = parseImage(image);
  if (/(^|\/)lmcache\/vllm-openai$/.test(repository)) return "tested";
  if (/(^|\/)vllm\/vllm-openai$/.test(repository)) return "bundled";
  return /(^|\/)vllm\/vllm-openai-|llm-d-inference-sim/.test(repository) ? "no" : "unknown";
}

/** The catalog's row of an image; a mirror may put folders before the repository. */
function catalogImageOf(reference: string): CatalogImage | undefined {
  const parsed = parseImage(reference);
  const parts = parsed.repository.split("/");
  return parts
    .map((_, drop) => formatImage({ ...parsed, registry: "docker.io", repository: parts.slice(drop).join("/") }))
    .map((candidate) => findImage(candidate))
    .find((row) => row !== undefined);
}

/** A program of the stack, and where its image can be changed. */
interface Use {
  readonly path: string;
  readonly role: ImageRole;
  readonly image: string;
  readonly isDefault: boolean;
}

/** Everything that speaks against the images a stack runs: floating and broken tags, architectures, known advisories. */
export function checkImages(environment: Environment, pools: readonly PoolPlan[]): Findings {
  return mergeFindings(
    ...usesOf(environment).map((use) => checkUse(environment, use)),
    ...environment.models.map((model, index) => checkEngineImage(environment, pools, model, index)),
  );
}

function usesOf(environment: Environment): Use[] {
  const { overrides } = environment.images;
  const use = (role: ImageRole): Use => ({
    path: `images.overrides.${role}`,
    role,
    image: imageFor(environment, role),
    isDefault: overrides[role] === undefined,
  });
  const { observability, cluster, router } = environment;
  const bundled = observability.mode === "bundled";
  const server = environment.models.some((model) => {
    const cache = cacheOf(environment, model);
    return usesCache(environment, model) && cache.kind === "lmcache" && cache.server !== undefined;
  });
  return [
    use(router.implementation === "vllm-router" ? "vllmRouter" : "productionStackRouter"),
    use("front"),
    ...(server ? [use("cacheServer")] : []),
    ...(bundled ? [use("prometheus")] : []),
    ...(bundled && observability.grafana.enabled ? [use("grafana")] : []),
    ...(cluster.devicePlugin.owner === "stack" ? [use("devicePlugin")] : []),
  ];
}

function checkUse(environment: Environment, use: Use): Findings {
  const row = use.isDefault ? defaultImage(use.role) : undefined;
  if (row?.published === false) {
    return refused(use.path, undefined, "is required: nobody publishes that image", `${row.note ?? "Build it"}.`);
  }
  // What the catalog chose has been looked at; its advisories are those of engines with the same pair.
  return use.isDefault ? NO_FINDINGS : checkReference(use.path, imageFor(environment, use.role));
}

function checkReference(path: string, image: string): Findings {
  return mergeFindings(
    ...checkImage(catalogImageOf(image)?.reference ?? image).map(({ severity, rule, remedy }) =>
      severity === "error" ? refused(path, image, rule, remedy) : warned(path, `${image} ${rule}. ${remedy}`),
    ),
  );
}

function checkEngineImage(environment: Environment, pools: readonly PoolPlan[], model: Model, index: number): Findings {
  const role = imageRoleOf(model);
  const image = engineImageFor(environment, model);
  const path =
    model.image !== undefined
      ? `models[${index}].image`
      : environment.images.overrides[role] !== undefined
        ? `images.overrides.${role}`
        : "images";
  const unknown = model.runtime !== "simulator" && vllmVersionOf(image) === null;
  return mergeFindings(
    checkReference(path, image),
    unknown
      ? warned(path, `The version of vLLM in ${image} is not known; arguments are checked against ${NEWEST_VLLM}.`)
      : NO_FINDINGS,
    checkArchitecture(pools, model, path, image),
    checkCacheImage(environment, model, path, image),
  );
}

function checkArchitecture(pools: readonly PoolPlan[], model: Model, path: string, image: string): Findings {
  const pool = poolOf(pools, model);
  const host = pool === null ? undefined : findAccelerator(pool.accelerator)?.hostArchitecture;
  const row = catalogImageOf(image);
  if (pool === null || host === undefined || row === undefined || row.architectures.includes(host)) return NO_FINDINGS;
  return refused(
    path,
    image,
    `is built for ${row.architectures.join(" and ")}, and the nodes of pool ${pool.name} are ${host}`,
    row.withCache === true
      ? "Set cache: { kind: none }, or images.overrides.engine to an image of that architecture."
      : "Use an image of that architecture.",
  );
}

function checkCacheImage(environment: Environment, model: Model, path: string, image: string): Findings {
  if (!usesCache(environment, model)) return NO_FINDINGS;
  switch (lmcacheIn(image)) {
    case "tested":
      return NO_FINDINGS;
    case "bundled":
      return warned(
        path,
        `${image} has the LMCache that was newest when it was built; nobody says the two were tested together.`,
      );
    case "unknown":
      return warned(path, `It is not known whether ${image} has LMCache, which the cache settings need.`);
    case "no":
      return refused(
        path,
        image,
        "has no LMCache, and the cache is on",
        "Use lmcache/vllm-openai, or turn the cache off.",
      );
  }
}
