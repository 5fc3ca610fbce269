import { closest } from "fastest-levenshtein";
import { IMAGE_NAMES, prepareImages, toolsOf } from "../images/images.ts";
import type { ImageArchive, ImageName } from "../images/images.ts";
import { terminalProgress } from "../progress.ts";
import { CommandError, ToolchainError } from "./errors.ts";
import { TOOL_NAMES, prepareTools } from "./toolchain.ts";
import type { ToolName } from "./toolchain.ts";
import { GO_TOOLS, binariesOf } from "./tools.ts";

const USAGE = `Prepares the programs and images of the rehearsal in the cache and prints where they are.

  node rehearsal/toolchain/main.ts [--json] [name…]

Names: ${TOOL_NAMES.join(", ")}, ${IMAGE_NAMES.map((name) => `image:${name}`).join(", ")}. Without names: everything.
The cache is $VLLM_STACK_CACHE, else \${XDG_CACHE_HOME:-~/.cache}/pulumi-vllm-stack; removing it is safe.`;

interface Request {
  readonly tools: readonly ToolName[];
  readonly images: readonly ImageName[];
}

/** Sorts names from the command line into tools and images; no names ask for everything. */
function parseNames(names: readonly string[]): Request {
  if (names.length === 0) return { tools: TOOL_NAMES, images: IMAGE_NAMES };
  const tools: ToolName[] = [];
  const images: ImageName[] = [];
  for (const name of names) {
    const tool = TOOL_NAMES.find((candidate) => candidate === name);
    const image = IMAGE_NAMES.find((candidate) => `image:${candidate}` === name);
    if (tool !== undefined) tools.push(tool);
    else if (image !== undefined) images.push(image);
    else {
      const known = [...TOOL_NAMES, ...IMAGE_NAMES.map((candidate) => `image:${candidate}`)];
      throw new ToolchainError(
        `${name}: not a tool or image. Did you mean ${closest(name, known)}? Known: ${known.join(", ")}.`,
      );
    }
  }
  return { tools: [...new Set([...tools, ...toolsOf(images)])], images };
}

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) {
    console.log(USAGE);
    return;
  }
  const { tools, images } = parseNames(args.filter((argument) => argument !== "--json"));
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      abort.abort(new ToolchainError("Interrupted. What was complete is kept; the same command goes on from there."));
    });
  }
  const options = { progress: terminalProgress(), signal: abort.signal };
  const toolchain = await prepareTools(tools, options);
  const archives: readonly ImageArchive[] = await prepareImages(images, { ...options, toolchain });
  const programs = Object.fromEntries(
    tools
      .flatMap((name) => (name === "node" ? ["containerd", "ctr", "etcd", "runc"] : binariesOf(GO_TOOLS[name])))
      .map((program) => [program, toolchain.bin(program)]),
  );
  if (args.includes("--json")) {
    const debian = tools.includes("node") ? toolchain.debian : undefined;
    const pulumiRoot = tools.includes("pulumi") ? toolchain.pulumiRoot : undefined;
    console.log(
      JSON.stringify({ cache: toolchain.cache, pulumiRoot, programs, debian, images: archives }, undefined, 2),
    );
    return;
  }
  const rows = [
    ...Object.entries(programs),
    ...archives.map(({ reference, path }): [string, string] => [reference, path]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, path] of rows) console.log(`${name.padEnd(width)}  ${path}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // People can act on these two; anything else is a defect and keeps its stack trace.
  if (!(error instanceof ToolchainError || error instanceof CommandError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
