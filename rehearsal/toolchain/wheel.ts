import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey, cached } from "./cache.ts";
import { debianRoot } from "./debian.ts";
import { PIP_ROOT } from "./debian-roots.ts";
import { CommandError, ToolchainError } from "./errors.ts";
import type { BuildOptions } from "./go.ts";
import { run } from "./process.ts";

/** A Python package pinned to one file per architecture. */
export interface Wheel {
  readonly project: string;
  readonly version: string;
  /** SHA-256 by Node's name of the architecture. */
  readonly sha256: Readonly<Partial<Record<NodeJS.Architecture, string>>>;
}

/** A wheel unpacked in the cache: `site/` holds what belongs into a folder of Python's path. */
export interface UnpackedWheel {
  readonly site: string;
  /** Identifies the content. */
  readonly digest: string;
}

/**
 * Downloads a wheel with pip and unpacks it. pip comes from the unpacked Debian packages, so the machine needs no Python;
 * it follows the machine's pip settings (PIP_INDEX_URL, pip.conf, proxies).
 * @throws {ToolchainError} when there is no pinned file for this architecture, or it can't be had or doesn't match its hash
 */
export async function unpackWheel(wheel: Wheel, options: BuildOptions): Promise<UnpackedWheel> {
  const hash = wheel.sha256[process.arch];
  if (hash === undefined) {
    throw new ToolchainError(
      `${wheel.project} ${wheel.version}: no file is pinned for ${process.arch} – known are ${Object.keys(wheel.sha256).join(", ")}.`,
    );
  }
  const entry = {
    name: `wheel-${wheel.project}`,
    key: cacheKey({ recipe: 1, project: wheel.project, version: wheel.version, hash }),
    outputs: ["wheel"],
  };
  const { folder } = await cached(options.cache, entry, { signal: options.signal }, async (work) => {
    const pip = await debianRoot("pip", PIP_ROOT, options);
    const python = join(pip.folder, "bin", "python3");
    const env = { ...process.env, PYTHONHOME: join(pip.root, "usr"), PYTHONNOUSERSITE: "1", PYTHONPATH: "" };
    const download = join(work, "download");
    await mkdir(download);
    await writeFile(join(work, "requirements.txt"), `${wheel.project}==${wheel.version} --hash=sha256:${hash}\n`);
    options.onUpdate(`downloading ${wheel.project} ${wheel.version}`);
    const pipArgs = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input"];
    try {
      await run(
        python,
        [...pipArgs, "--disable-pip-version-check", "--dest", download, "--requirement", "requirements.txt"],
        {
          cwd: work,
          env,
          signal: options.signal,
        },
      );
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new ToolchainError(
        [
          `${wheel.project} ${wheel.version}: pip could not download it with the pinned SHA-256 ${hash}. ` +
            "Check the network, the proxy and pip's settings (PIP_INDEX_URL, pip.conf).",
          ...error.tail.filter((line) => /error|warning|hash/i.test(line)),
        ].join("\n  "),
        { cause: error },
      );
    }
    const [file] = await readdir(download);
    if (file === undefined) throw new ToolchainError(`${wheel.project} ${wheel.version}: pip downloaded nothing.`);
    await run(python, ["-m", "zipfile", "-e", join(download, file), join(work, "site")], { env });
    await rename(join(download, file), join(work, "wheel"));
    await rm(download, { recursive: true });
  });
  return { site: join(folder, "site"), digest: hash };
}
