import { fileURLToPath } from "node:url";

/** Room needed the first time, in MiB, measured on linux/amd64 with an empty Go cache. */
export interface BuildNeed {
  /** The binaries. */
  readonly output: number;
  /** Go's build cache (GOCACHE) and the linker's temporary files. */
  readonly buildCache: number;
  /** Go's module cache (GOMODCACHE). */
  readonly moduleCache: number;
}

/** A program, or several of one module, built from a Go module that pins it. */
export interface GoTool {
  /** What it is, with its version, for progress and errors. */
  readonly title: string;
  /** Folder of the wrapper module: go.mod with a `tool` directive per package, and go.sum. */
  readonly module: string;
  /** What to build; the binaries are named after the packages, or {@link output} if there is only one. */
  readonly packages: readonly string[];
  /** Name of the binary where it isn't the package's. */
  readonly output?: string;
  /** Build tags. */
  readonly tags?: readonly string[];
  /** `-X` settings for the linker: the version a program reports. */
  readonly variables: Readonly<Record<string, string>>;
  readonly need: BuildNeed;
}

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const PULUMI = "3.259.0";
const KUBERNETES = "1.36.2";

/**
 * The programs that come as Go modules. Versions are pinned in the wrappers' go.mod and repeated here only to be shown
 * and to be linked in; a test compares the two. Tried together on 2026-11-20.
 */
export const GO_TOOLS = {
  pulumi: {
    title: `Pulumi engine ${PULUMI}`,
    module: folder("pulumi"),
    packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
    variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${PULUMI}` },
    need: { output: 120, buildCache: 2000, moduleCache: 1200 },
  },
  kubernetes: {
    title: `Kubernetes ${KUBERNETES}`,
    module: folder("kubernetes"),
    packages: ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"].map(
      (command) => `k8s.io/kubernetes/cmd/${command}`,
    ),
    variables: {
      "k8s.io/component-base/version.gitVersion": `v${KUBERNETES}`,
      "k8s.io/component-base/version.gitMajor": "1",
      "k8s.io/component-base/version.gitMinor": "36",
    },
    need: { output: 500, buildCache: 2600, moduleCache: 900 },
  },
  kwok: {
    title: "kwok 0.8.0",
    module: folder("kwok"),
    packages: ["sigs.k8s.io/kwok/cmd/kwok"],
    variables: { "sigs.k8s.io/kwok/pkg/consts.Version": "v0.8.0" },
    need: { output: 70, buildCache: 700, moduleCache: 400 },
  },
  "inference-sim": {
    title: "llm-d-inference-sim 0.10.2",
    module: folder("inference-sim"),
    packages: ["github.com/llm-d/llm-d-inference-sim/cmd/llm-d-inference-sim"],
    variables: {},
    need: { output: 60, buildCache: 700, moduleCache: 600 },
  },
  coredns: {
    title: "CoreDNS 1.14.7",
    module: folder("coredns"),
    packages: ["github.com/coredns/coredns"],
    variables: {},
    need: { output: 80, buildCache: 1000, moduleCache: 900 },
  },
  // Debian's Prometheus is built without service discovery in Kubernetes.
  prometheus: {
    title: "Prometheus 3.14.0, module 0.314.0",
    module: folder("prometheus"),
    packages: ["prometheus", "promtool"].map((command) => `github.com/prometheus/prometheus/cmd/${command}`),
    // Of some thirty service discoveries only that of Kubernetes: the rest takes several times as long to build.
    tags: ["remove_all_sd", "enable_kubernetes_sd"],
    variables: { "github.com/prometheus/common/version.Version": "3.14.0" },
    need: { output: 250, buildCache: 1500, moduleCache: 1200 },
  },
  pause: {
    title: "pause",
    module: folder("../images/pause"),
    packages: ["."],
    output: "pause",
    variables: {},
    need: { output: 3, buildCache: 150, moduleCache: 0 },
  },
} as const satisfies Readonly<Record<string, GoTool>>;

/** Name of a row of {@link GO_TOOLS}. */
export type GoToolName = keyof typeof GO_TOOLS;

/** Names of a tool's binaries, in the order of its packages. */
export function binariesOf(tool: GoTool): readonly string[] {
  if (tool.output !== undefined) return [tool.output];
  return tool.packages.map((path) => path.slice(path.lastIndexOf("/") + 1));
}
