import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ClusterTools } from "./types.ts";

/**
 * How image layers are stacked: `overlayfs` where the kernel and the file system of `folder` can do it, else `native`, which
 * copies every layer (slow, but works anywhere). The trial mount is made in a mount namespace of its own and
 * (`-n`) not recorded in `/run`.
 */
export function chooseSnapshotter(folder: string, tools: ClusterTools): "overlayfs" | "native" {
  const trial = join(folder, "overlay-trial");
  const layer = (name: string) => join(trial, name);
  for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(layer(name), { recursive: true });
  const layers = `lowerdir=${layer("lower")},upperdir=${layer("upper")},workdir=${layer("work")}`;
  const mount = [join(tools.systemPrograms, "mount"), "-n", "-t", "overlay", "-o", layers, "overlay", layer("merged")];
  try {
    execFileSync(join(tools.systemPrograms, "unshare"), ["--mount", "--propagation=private", ...mount], {
      stdio: "ignore",
    });
    return "overlayfs";
  } catch {
    return "native";
  } finally {
    rmSync(trial, { recursive: true, force: true });
  }
}
