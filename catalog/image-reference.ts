/** A container image's name in parts. */
export interface ImageReference {
  /** Host of the registry, `docker.io` when none is written. */
  readonly registry: string;
  /** Path in the registry; `library/nginx` for `nginx`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d+)?$/;

/**
 * An image's name in parts, as the container runtime reads it: the first component is a registry when it has a dot or a
 * port, or is `localhost`.
 * @throws {Error} naming the part that is not valid
 */
export function parseImage(reference: string): ImageReference {
  const refuse = (what: string): never => {
    throw new Error(`image: ${reference} – ${what}. Write registry/repository:tag, with @sha256:… to pin the content.`);
  };
  const [name = "", digest, ...more] = reference.split("@");
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
    refuse("the digest is not sha256: and 64 digits");
  const slash = name.lastIndexOf("/");
  const colon = name.indexOf(":", slash + 1);
  const tag = colon < 0 ? undefined : name.slice(colon + 1);
  if (tag !== undefined && !TAG.test(tag)) refuse(`"${tag}" is no tag`);
  const parts = (colon < 0 ? name : name.slice(0, colon)).split("/");
  const [first = ""] = parts;
  const hasRegistry = parts.length > 1 && (/[.:]/.test(first) || first === "localhost");
  const registry = hasRegistry ? first : "docker.io";
  const path = hasRegistry ? parts.slice(1) : parts;
  if (!HOST.test(registry)) refuse(`"${registry}" is no registry`);
  const wrong = path.find((part) => !PATH.test(part));
  if (wrong !== undefined)
    refuse(wrong === "" ? "a part of the repository is empty" : `"${wrong}" may not be in a repository`);
  const repository = registry === "docker.io" && path.length === 1 ? `library/${path.join("/")}` : path.join("/");
  return { registry, repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** The reference as one text, with its registry written out. */
export function formatImage({ registry, repository, tag, digest }: ImageReference): string {
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/** Words that are no version: what they point to changes without notice. */
const FLOATING =
  /^(latest|nightly|main|master|dev|edge|stable|mainline|alpine|slim|pd|kvaware|lora)$|^(latest|nightly)-(?![0-9a-f]{7,})/;

/**
 * Why the name may mean another image tomorrow; nothing for one that is pinned by digest or by a version.
 * `nightly-<commit>` is a version of its own.
 */
export function floatingReason({ tag, digest }: ImageReference): string | undefined {
  if (digest !== undefined) return undefined;
  if (tag === undefined) return "has no tag, which means latest";
  if (FLOATING.test(tag)) return `the tag "${tag}" is moved to other content`;
  return /\d/.test(tag) ? undefined : `the tag "${tag}" names no version`;
}
