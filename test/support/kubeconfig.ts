import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Points KUBECONFIG at a kubeconfig with these contexts, all of an address nobody answers at.
 *
 * @returns puts the earlier KUBECONFIG back and removes the file
 */
export function useKubeconfig(...contexts: readonly string[]): () => void {
  const folder = mkdtempSync(join(tmpdir(), "vllm-stack-kubeconfig-"));
  const file = join(folder, "config");
  const earlier = process.env.KUBECONFIG;
  const named = contexts.map((name) => ({ name, context: { cluster: "none", user: "none" } }));
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:1" } }],
      users: [{ name: "none", user: {} }],
      contexts: named,
      "current-context": contexts[0] ?? "",
    }),
  );
  process.env.KUBECONFIG = file;
  return () => {
    if (earlier === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = earlier;
    rmSync(folder, { recursive: true });
  };
}
