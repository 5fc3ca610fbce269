import type { Evidence } from "./evidence.ts";
import { floatingReason, parseImage } from "./image-reference.ts";
import { ADVISORIES } from "./images/advisories.ts";
import { IMAGES } from "./images/table.ts";
import { compareVersions } from "./version.ts";
import { VLLM_SECURITY_FLOOR } from "./vllm.ts";

export { floatingReason, formatImage, parseImage } from "./image-reference.ts";
export type { ImageReference } from "./image-reference.ts";

/** Programs that run from an image. */
export type ImageRole =
  | "engine"
  | "cpuEngine"
  | "simulator"
  | "productionStackRouter"
  | "vllmRouter"
  | "front"
  | "cacheServer"
  | "prometheus"
  | "grafana"
  | "devicePlugin";

/** Versions inside an image. */
export interface ImageVersions {
  readonly vllm?: string;
  readonly lmcache?: string;
}

/** An image the stack was made for. */
export interface CatalogImage extends Evidence {
  readonly role: ImageRole;
  /** True for engines with LMCache. */
  readonly withCache?: boolean;
  readonly reference: string;
  readonly versions: ImageVersions;
  /** Digests per architecture where they were seen. */
  readonly digests?: Readonly<Partial<Record<"amd64" | "arm64", string>>>;
  readonly architectures: readonly ("amd64" | "arm64")[];
  /** User to run as. */
  readonly user: { readonly id: number; readonly group: number; readonly note?: string };
  readonly entrypoint: readonly string[];
  /** Compressed size, roughly: what a node pulls. */
  readonly sizeGB: number;
  /** False where nobody publishes it and an override is needed. */
  readonly published: boolean;
  /** Whether the tag's existence and versions were read in a source of the project that publishes it. */
  readonly verified: boolean;
  readonly note?: string;
}

/** A known vulnerability of vLLM or LMCache. */
export interface Advisory {
  readonly program: "vllm" | "lmcache";
  readonly id: string;
  readonly what: string;
  /** First version that has it; absent: all before the fix. */
  readonly from?: string;
  /** Absent: no fixed release known. */
  readonly fixedIn?: string;
  /** What this stack does about it. */
  readonly handling: string;
}

/** What speaks against an image. */
export interface ImageProblem {
  readonly severity: "error" | "warning";
  readonly rule: string;
  readonly remedy: string;
}

/** All images of the catalog. */
export const images: readonly CatalogImage[] = IMAGES;

/** Tags that do not work, whatever their name promises. Source: issues of LMCache/LMCache, read 2026-10. */
const BROKEN: Readonly<Record<string, ImageProblem>> = {
  "docker.io/lmcache/vllm-openai:v0.5.5-cu129": {
    severity: "error",
    rule: "does not start: it lacks libcudart.so.13",
    remedy: "Use lmcache/vllm-openai:v0.5.5 on nodes with a driver of the 580 branch.",
  },
  "docker.io/lmcache/lmcache": {
    severity: "error",
    rule: "does not exist",
    remedy: "Use lmcache/vllm-openai:v0.5.5.",
  },
};

/** The image of a program unless the environment names another. */
export function defaultImage(role: ImageRole, options: { readonly withCache?: boolean } = {}): CatalogImage {
  const withCache = role === "engine" && options.withCache === true;
  const found = IMAGES.find((row) => row.role === role && (row.withCache === true) === withCache);
  if (found === undefined) throw new Error(`the catalog has no image for ${role}`);
  return found;
}

/** The catalog's row of that image, whichever way its registry is written. */
export function findImage(reference: string): CatalogImage | undefined {
  const wanted = parseImage(reference);
  return IMAGES.find((row) => {
    const known = parseImage(row.reference);
    return known.repository === wanted.repository && known.tag === wanted.tag;
  });
}

/**
 * The versions an image holds, from the catalog, or for vLLM's own images from the tag (`vllm/vllm-openai:v0.31.0-cu129`);
 * mirrors count by their last path component.
 */
export function imageVersions(reference: string): ImageVersions {
  const known = findImage(reference);
  if (known !== undefined) return known.versions;
  const { repository, tag } = parseImage(reference);
  const version = /^v?(\d+\.\d+(?:\.\d+)*(?:\.?(?:post|rc|dev)\d+)*)/.exec(tag ?? "")?.[1];
  const ofVllm = /(^|\/)vllm\/vllm-openai(-cpu|-rocm|-xpu)?$/.test(repository);
  if (version === undefined || !ofVllm) return {};
  return { vllm: version };
}

/** Vulnerabilities known in those versions. */
export function advisoriesFor(versions: ImageVersions): readonly Advisory[] {
  return ADVISORIES.filter(({ program, from, fixedIn }) => {
    const version = versions[program];
    if (version === undefined) return false;
    if (from !== undefined && compareVersions(version, from) < 0) return false;
    return fixedIn === undefined || compareVersions(version, fixedIn) < 0;
  });
}

/**
 * What speaks against running an image: a floating tag or a broken one is an error, known vulnerabilities are one warning.
 * @throws {Error} when the reference cannot be read
 */
export function checkImage(reference: string): readonly ImageProblem[] {
  const parsed = parseImage(reference);
  const problems: ImageProblem[] = [];
  const floating = floatingReason(parsed);
  if (floating !== undefined) {
    const remedy = "Name a version, or pin the content with @sha256:….";
    problems.push({ severity: "error", rule: floating, remedy });
  }
  const name = `${parsed.registry}/${parsed.repository}`;
  const broken = BROKEN[`${name}:${parsed.tag ?? ""}`] ?? BROKEN[name];
  if (broken !== undefined) problems.push(broken);
  return [...problems, ...knownVulnerabilities(reference)];
}

function knownVulnerabilities(reference: string): readonly ImageProblem[] {
  const versions = imageVersions(reference);
  const known = advisoriesFor(versions);
  if (known.length === 0) return [];
  const programs = [...new Set(known.map(({ program }) => `${program} ${versions[program] ?? ""}`))].join(" and ");
  const handled = [
    ...new Set(known.map(({ handling }) => handling).filter((handling) => !handling.startsWith("none"))),
  ];
  const old = versions.vllm !== undefined && compareVersions(versions.vllm, VLLM_SECURITY_FLOOR) < 0;
  const done = handled.length > 0 ? `Done about it: ${handled.join("; ")}.` : "Nothing is done about it.";
  const upgrade = old ? ` Use vLLM ${VLLM_SECURITY_FLOOR} or newer where you can.` : "";
  const rule = `holds ${programs} with ${known.length} known vulnerabilities (${known.map(({ id }) => id).join(", ")})`;
  return [{ severity: "warning", rule, remedy: `${done}${upgrade}` }];
}
