import { spawnSync } from "node:child_process";

/** What a test tier needs beyond npm packages. */
export type Need = "linux" | "root" | "go" | "debian";

const CHECKS: Readonly<Record<Need, () => string | undefined>> = {
  linux: () => (process.platform === "linux" ? undefined : `It needs Linux, this is ${process.platform}.`),
  root: () => (process.getuid?.() === 0 ? undefined : "It needs root, for network namespaces and containers."),
  go: () => (runs("go", "version") ? undefined : "It needs Go on the PATH, to build the engine and Kubernetes."),
  debian: () =>
    runs("apt-get", "--version") ? undefined : "It needs apt-get, to unpack Debian's containerd and etcd.",
};

/** A sentence for every need this machine doesn't meet. */
export function missingNeeds(needs: readonly Need[]): string[] {
  return needs.map((need) => CHECKS[need]()).filter((sentence) => sentence !== undefined);
}

function runs(command: string, argument: string): boolean {
  return spawnSync(command, [argument], { stdio: "ignore" }).status === 0;
}
