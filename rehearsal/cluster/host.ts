import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { hierarchies, isUnified, type Hierarchy } from "./cgroups.ts";
import { INSIDE, layoutOf } from "./layout.ts";
import { SYSTEM_PROGRAMS, type ClusterTools } from "./types.ts";

/** Something about this machine that keeps a cluster from running, in one sentence with its remedy. */
export interface HostProblem {
  readonly what: string;
  readonly message: string;
}

/** What {@link hostProblems} looks at; the facts of this machine come from {@link observeHost}. */
export interface HostFacts {
  readonly platform: string;
  readonly userId: number | undefined;
  readonly hierarchies: readonly Hierarchy[];
  /** Contents of `/proc/self/ns`. */
  readonly hasNamespaces: boolean;
  /** Effective capabilities as a bit mask, undefined where unknown. */
  readonly capabilities: bigint | undefined;
  /** `fs.inotify.max_user_instances`. */
  readonly inotifyInstances: number;
}

/** A unix socket's path, including the terminating zero, has 108 bytes. */
const LONGEST_SOCKET_PATH = 107;
/** A cluster was measured to use 20 (2026-11-20), each container whose log is followed one more, other programs of root some. */
const INOTIFY_INSTANCES = 64;
const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;
/** Version 1 controllers the kubelet refuses to start without. */
const REQUIRED_CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory"];

const CNI_PLUGINS = ["ptp", "host-local", "portmap", "loopback"];

/** Looks at this machine. */
export function observeHost(): HostFacts {
  const linux = process.platform === "linux";
  const status = linux ? readFileSync("/proc/self/status", "utf8") : "";
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return {
    platform: process.platform,
    userId: process.getuid?.(),
    hierarchies: linux ? hierarchies() : [],
    hasNamespaces: ["net", "mnt", "pid"].every((name) => existsSync(`/proc/self/ns/${name}`)),
    capabilities: effective === undefined ? undefined : BigInt(`0x${effective}`),
    inotifyInstances: linux ? Number(readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8")) : 0,
  };
}

/** Everything about a machine that keeps a cluster from running; empty if it can run one. */
export function hostProblems(facts: HostFacts): readonly HostProblem[] {
  if (facts.platform !== "linux") {
    const message = `The embedded cluster needs Linux; this is ${facts.platform}. Use a cluster of your own (kind, k3d, …) with --context NAME, or a Linux machine.`;
    return [{ what: "platform", message }];
  }
  if (facts.userId !== 0) {
    const message = `The embedded cluster needs root (this is user ${String(facts.userId)}): it makes namespaces, mounts and control groups. Run the command with sudo, or use a cluster of your own with --context NAME.`;
    return [{ what: "root", message }];
  }
  return [...capabilityProblems(facts), ...cgroupProblems(facts), ...kernelProblems(facts)];
}

/** {@link hostProblems} of this machine. */
export function checkHost(): readonly HostProblem[] {
  return hostProblems(observeHost());
}

function capabilityProblems({ capabilities }: HostFacts): readonly HostProblem[] {
  const needed = (1n << CAP_NET_ADMIN) | (1n << CAP_SYS_ADMIN);
  if (capabilities === undefined || (capabilities & needed) === needed) return [];
  const message =
    "This root may not make namespaces and mounts (CAP_SYS_ADMIN, CAP_NET_ADMIN are missing), as in an ordinary container. Start the container with --privileged, or use a cluster of your own with --context NAME.";
  return [{ what: "capabilities", message }];
}

function cgroupProblems(facts: HostFacts): readonly HostProblem[] {
  if (facts.hierarchies.length === 0) {
    const message = "No control groups are mounted. Mount them: mount -t cgroup2 none /sys/fs/cgroup";
    return [{ what: "cgroups", message }];
  }
  if (isUnified(facts.hierarchies)) return [];
  const mounted = facts.hierarchies.flatMap(({ options }) => options);
  const missing = REQUIRED_CONTROLLERS.filter((controller) => !mounted.includes(controller));
  if (missing.length === 0) return [];
  const message = `The control group controllers ${missing.join(", ")} are not mounted below /sys/fs/cgroup. Mount each, or start the kernel with cgroup v2 (systemd.unified_cgroup_hierarchy=1).`;
  return [{ what: "cgroups", message }];
}

function kernelProblems(facts: HostFacts): readonly HostProblem[] {
  const problems: HostProblem[] = [];
  if (!facts.hasNamespaces) {
    const message = "The kernel lacks network, mount or PID namespaces. Use a kernel with CONFIG_NAMESPACES.";
    problems.push({ what: "namespaces", message });
  }
  if (facts.inotifyInstances < INOTIFY_INSTANCES) {
    const message = `fs.inotify.max_user_instances is ${facts.inotifyInstances}; the Kubernetes daemons need about ${INOTIFY_INSTANCES}. Raise it: sysctl fs.inotify.max_user_instances=512`;
    problems.push({ what: "inotify", message });
  }
  return problems;
}

/** What is wrong with the tools or the state folder; empty if a cluster can be started with them. */
export function checkTools(tools: ClusterTools, stateDir: string): readonly HostProblem[] {
  const { cniPlugins, systemPrograms, ...binaries } = tools;
  const programs: readonly (readonly [name: string, path: string])[] = [
    ...Object.entries<string>(binaries),
    ...SYSTEM_PROGRAMS.map((name) => [name, join(systemPrograms, name)] as const),
    ...CNI_PLUGINS.map((name) => [name, join(cniPlugins, name)] as const),
  ];
  const problems = programs.flatMap(([name, path]) =>
    isExecutable(path)
      ? []
      : [{ what: name, message: `${name}: ${path} is not an executable file. Prepare the toolchain again.` }],
  );
  return [
    ...problems,
    ...folderProblems([stateDir, import.meta.dirname, process.execPath, ...Object.values<string>({ ...tools })]),
    ...socketProblems(stateDir),
  ];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Inside, the cluster's own folders cover some of the host's; nothing it needs may lie below those. */
function folderProblems(paths: readonly string[]): readonly HostProblem[] {
  return paths.flatMap((path) => {
    if (!isAbsolute(path))
      return [{ what: "path", message: `${path}: not an absolute path. Give one that begins with /.` }];
    const hidden = INSIDE.hidden.find((folder) => path === folder || path.startsWith(`${folder}/`));
    if (hidden === undefined) return [];
    return [
      {
        what: "path",
        message: `${path}: the cluster covers ${hidden} with a folder of its own. Keep the checkout and the cache elsewhere, for instance below /opt or /home.`,
      },
    ];
  });
}

function socketProblems(stateDir: string): readonly HostProblem[] {
  const { controlSocket, forwardSocket } = layoutOf(stateDir);
  const longest = Math.max(Buffer.byteLength(controlSocket), Buffer.byteLength(forwardSocket));
  if (longest <= LONGEST_SOCKET_PATH) return [];
  const message = `${stateDir}: ${longest - LONGEST_SOCKET_PATH} bytes too long, because sockets below it may have paths of ${LONGEST_SOCKET_PATH} bytes. Choose a shorter state folder.`;
  return [{ what: "stateDir", message }];
}
