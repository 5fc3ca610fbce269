import type { DebianRootSpec } from "../toolchain/debian.ts";
import { SCRIPT_HELPERS } from "../toolchain/debian-roots.ts";
import type { ToolName } from "../toolchain/toolchain.ts";
import type { Wheel } from "../toolchain/wheel.ts";

/** A regular file, a symbolic link or a folder an image has beside what its packages bring. Modes are octal numbers. */
export type ImageFile =
  | { readonly kind: "file"; readonly content: string; readonly mode?: number }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "folder"; readonly mode: number };

/** A program copied into an image from the toolchain. */
export interface ImageBinary {
  readonly tool: Exclude<ToolName, "node">;
  readonly program: string;
  /** Path in the image, without a leading slash. */
  readonly path: string;
}

/** How an image is made: packages below, own files above, and what a container runs by default. */
export interface ImageRecipe {
  /** Tag. What is copied has its own version; images of Debian packages count their recipe. */
  readonly version: string;
  readonly binaries?: readonly ImageBinary[];
  readonly debian?: DebianRootSpec;
  readonly wheel?: Wheel;
  /**
   * Joins the certificates of Debian's ca-certificates into the one file that programs read, as its maintainer script does.
   * The router's HTTP client refuses to start without any, though it speaks plain HTTP to engines.
   */
  readonly certificates?: true;
  readonly files?: Readonly<Record<string, ImageFile>>;
  /** The user a container runs as; gets a line in /etc/passwd and /etc/group. */
  readonly user: { readonly name: string; readonly id: number; readonly home: string };
  readonly entrypoint: readonly string[];
  readonly command?: readonly string[];
  readonly workingFolder?: string;
  /** Signal that ends a container in an orderly way, where it isn't SIGTERM. */
  readonly stopSignal?: string;
}

const debian = (mebibytes: number, ...packages: readonly string[]): DebianRootSpec => ({
  packages: [...packages, "busybox-static"],
  absent: SCRIPT_HELPERS,
  mebibytes,
});

/** What the official images of nginx send to the container's own streams. */
const log = (target: string): ImageFile => ({ kind: "link", target });

/**
 * The images of the local environment. Paths and users follow the published image of the same program, so that the same
 * pod specification runs with either (checked against the published Dockerfiles, 2026-11-20).
 */
export const IMAGE_RECIPES = {
  /** Holds a pod's namespaces. */
  pause: {
    version: "1",
    binaries: [{ tool: "pause", program: "pause", path: "pause" }],
    user: { name: "pause", id: 65535, home: "/" },
    entrypoint: ["/pause"],
  },
  /** Simulated engine; path and user as in ghcr.io/llm-d/llm-d-inference-sim. */
  "inference-sim": {
    version: "0.10.2",
    binaries: [{ tool: "inference-sim", program: "llm-d-inference-sim", path: "app/llm-d-inference-sim" }],
    user: { name: "nonroot", id: 65532, home: "/tmp" },
    entrypoint: ["/app/llm-d-inference-sim"],
  },
  /** The Rust router, from its Python wheel. */
  "vllm-router": {
    version: "0.1.17",
    debian: debian(
      400,
      "python3",
      "python3-aiohttp",
      "python3-fastapi",
      "python3-requests",
      "python3-setproctitle",
      "python3-uvicorn",
      "libstdc++6",
      "ca-certificates",
    ),
    certificates: true,
    wheel: {
      project: "vllm-router",
      version: "0.1.17",
      sha256: {
        x64: "85c96bea4d573a49b5a8ae4c72ee3dfe733aba26b6f1ff1256e6142f1f42694d",
        arm64: "1ec4d5ce14c19431cc84e36238507dff89020ab024d99f042f091f5e9f2c895a",
      },
    },
    files: {
      "usr/bin/vllm-router": {
        kind: "file",
        mode: 0o755,
        content:
          '#!/usr/bin/python3\nimport sys\n\nfrom vllm_router.launch_router import main\n\nif __name__ == "__main__":\n    sys.exit(main())\n',
      },
      // The wheel imports orjson for its small balancer (--mini-lb) alone; Debian 12 has no package of it.
      "usr/lib/python3/dist-packages/orjson.py": {
        kind: "file",
        content:
          '"""The two functions of orjson that vllm_router.mini_lb calls, on the standard library."""\nimport json\n\nloads = json.loads\n\n\ndef dumps(value):\n    return json.dumps(value, separators=(",", ":")).encode()\n',
      },
      // Images of python.org have it here, and the command may name it by path.
      "usr/local/bin/vllm-router": { kind: "link", target: "../../bin/vllm-router" },
      "usr/local/bin/python3": { kind: "link", target: "../../bin/python3" },
      "usr/local/bin/python": { kind: "link", target: "../../bin/python3" },
    },
    user: { name: "router", id: 65532, home: "/tmp" },
    entrypoint: ["vllm-router"],
  },
  /**
   * nginx with njs. As in the official image: user 101, modules below /usr/lib/nginx/modules and /etc/nginx/modules
   * (`load_module modules/ngx_http_js_module.so` works in both, as does the absolute path), logs to the container's streams.
   */
  front: {
    version: "2",
    // Only maintainer scripts of nginx call iproute2.
    debian: { ...debian(200, "nginx-light", "libnginx-mod-http-js"), absent: [...SCRIPT_HELPERS, "iproute2"] },
    files: {
      "etc/nginx/modules": { kind: "link", target: "/usr/lib/nginx/modules" },
      "usr/share/nginx/modules": { kind: "link", target: "../../lib/nginx/modules" },
      "var/log/nginx": { kind: "folder", mode: 0o755 },
      "var/log/nginx/access.log": log("/dev/stdout"),
      "var/log/nginx/error.log": log("/dev/stderr"),
      "var/cache/nginx": { kind: "folder", mode: 0o755 },
      "var/lib/nginx": { kind: "folder", mode: 0o755 },
    },
    user: { name: "nginx", id: 101, home: "/nonexistent" },
    // SIGTERM cuts streams; on SIGQUIT nginx finishes them, as in the official image.
    stopSignal: "SIGQUIT",
    entrypoint: [],
    command: ["nginx", "-g", "daemon off;"],
  },
  /** Command, user and folders as in prom/prometheus. */
  prometheus: {
    version: "3.14.0",
    binaries: ["prometheus", "promtool"].map((program) => ({ tool: "prometheus", program, path: `bin/${program}` })),
    files: { prometheus: { kind: "folder", mode: 0o777 } },
    user: { name: "nobody", id: 65534, home: "/" },
    entrypoint: ["/bin/prometheus"],
    command: ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
    workingFolder: "/prometheus",
  },
  /** Cluster DNS; path as in coredns/coredns. Ports below 1024 need NET_BIND_SERVICE. */
  coredns: {
    version: "1.14.7",
    binaries: [{ tool: "coredns", program: "coredns", path: "coredns" }],
    user: { name: "nonroot", id: 65532, home: "/" },
    entrypoint: ["/coredns"],
  },
} as const satisfies Readonly<Record<string, ImageRecipe>>;

/** Name of a row of {@link IMAGE_RECIPES}. */
export type ImageName = keyof typeof IMAGE_RECIPES;

/** All images. */
export const IMAGE_NAMES: readonly ImageName[] = [
  "pause",
  "inference-sim",
  "vllm-router",
  "front",
  "prometheus",
  "coredns",
];

/** What pods name: `localhost/vllm-stack/<name>:<version>`; never pulled, as no registry is at that name. */
export function imageReference(name: ImageName): string {
  return `localhost/vllm-stack/${name}:${IMAGE_RECIPES[name].version}`;
}

/** Tools that have to be prepared before these images can be built. */
export function toolsOf(names: readonly ImageName[]): readonly ToolName[] {
  const recipes: readonly ImageRecipe[] = names.map((name) => IMAGE_RECIPES[name]);
  return [...new Set(recipes.flatMap((recipe) => (recipe.binaries ?? []).map((binary) => binary.tool)))];
}
