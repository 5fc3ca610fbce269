/**
 * A run to be cut off: `node interrupted.ts PULUMI_ROOT STATE_DIR`. The simulated cluster keeps its objects in the state folder
 * and takes very long to answer about the Deployment, after it was made.
 */
import path from "node:path";
import { simulatedKubernetes } from "../../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../../rehearsal/clouds/random.ts";
import { withEngine } from "../../../rehearsal/engine/engine.ts";
import { program } from "./program.ts";

const [pulumiRoot = "", stateDir = ""] = process.argv.slice(2);
const kubernetes = simulatedKubernetes({ stateDir: path.join(stateDir, "cluster") });
kubernetes.faults.add({
  on: "create",
  type: "kubernetes:apps/v1:Deployment",
  when: "after",
  delayMilliseconds: 600_000,
});

// As a command of ours does: it asks the engine to stop when it is interrupted.
const interrupted = new AbortController();
process.on("SIGINT", () => {
  interrupted.abort();
});

await withEngine(
  {
    signal: interrupted.signal,
    pulumiRoot,
    stateDir,
    stack: "test",
    program: program("none"),
    providers: [kubernetes, simulatedRandom()],
    onProgress: (progress) => {
      if (progress.kind === "started") process.stdout.write(`started ${progress.step.name}\n`);
    },
  },
  (engine) => engine.up(),
);
