/**
 * One preview in a process of its own, for `npm run bench`: of the project's program with so many models, or of an empty
 * program that imports the same SDKs. Prints the peak memory of the process in MiB.
 */
import { parseArgs } from "node:util";
import { simulatedKubernetes } from "../../rehearsal/clouds/kubernetes.ts";
import { simulatedRandom } from "../../rehearsal/clouds/random.ts";
import { withEngine } from "../../rehearsal/engine/engine.ts";
import { benchSettings } from "./environment.ts";

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "" },
    kubeconfig: { type: "string", default: "" },
    program: { type: "string", default: "stack" },
    models: { type: "string", default: "1" },
  },
});

process.env.KUBECONFIG = values.kubeconfig;
const empty = values.program === "empty";
await withEngine(
  {
    pulumiRoot: values.engine,
    stack: "bench",
    program: empty ? emptyProgram : (await import("../../index.ts")).program,
    providers: [simulatedKubernetes(), simulatedRandom()],
    config: benchSettings(Number(values.models)),
    environment: { KUBECONFIG: values.kubeconfig },
  },
  (engine) => engine.preview(),
);
process.stdout.write(`${JSON.stringify({ peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`);

/** What any program with these SDKs costs: it imports what ours imports and registers nothing. */
async function emptyProgram(): Promise<Record<string, never>> {
  await Promise.all([
    import("@pulumi/kubernetes/apps/v1/index.js"),
    import("@pulumi/kubernetes/core/v1/index.js"),
    import("@pulumi/kubernetes/networking/v1/index.js"),
    import("@pulumi/kubernetes/policy/v1/index.js"),
    import("@pulumi/kubernetes/rbac/v1/index.js"),
    import("@pulumi/kubernetes/provider.js"),
    import("@pulumi/random"),
  ]);
  return {};
}
