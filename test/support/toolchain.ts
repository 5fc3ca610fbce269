import { terminalProgress } from "../../rehearsal/progress.ts";
import { prepareTools } from "../../rehearsal/toolchain/toolchain.ts";

let prepared: Promise<string> | undefined;

/** The folder with the engine, built on first use and cached; building takes minutes once per machine. */
export async function pulumiRoot(): Promise<string> {
  prepared ??= prepareTools(["pulumi"], { progress: terminalProgress() }).then((toolchain) => toolchain.pulumiRoot);
  return await prepared;
}
