import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../main.js");

describe("the entry of `pulumi up`", () => {
  it("refuses a Node that can't run the program in one sentence, instead of failing at a file extension", () => {
    for (const version of ["20.20.2", "22.17.0"]) {
      const answer = runAs(version);
      assert.match(
        answer,
        new RegExp(`needs Node 22\\.18 or newer, and this is ${version.replaceAll(".", "\\.")}:.*PATH`),
      );
      assert.doesNotMatch(answer, /\n\s+at |ERR_UNKNOWN_FILE_EXTENSION/);
    }
  });

  it("hands over to the program otherwise", () => {
    assert.match(runAs(process.versions.node), /has \d+ problems?|cluster.* is required/);
  });
});

/** What the entry says on a Node of this version, with no configuration at all. */
function runAs(version: string): string {
  const script = `
    Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} });
    const { default: main } = await import(${JSON.stringify(MAIN)});
    const { default: pulumi } = await import("@pulumi/pulumi");
    await pulumi.runtime.setMocks({ newResource: () => ({ id: "", state: {} }), call: () => ({}) });
    await main().catch((error) => console.log(pulumi.RunError.isInstance(error) ? error.message : error.stack));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: join(import.meta.dirname, "../.."),
    encoding: "utf8",
  });
  return stdout + stderr;
}
