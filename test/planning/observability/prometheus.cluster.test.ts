import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EnvironmentInput } from "../../../environments/schema/environment.ts";
import { silentProgress } from "../../../rehearsal/progress.ts";
import { prepareTools } from "../../../rehearsal/toolchain/toolchain.ts";
import { environmentOf, SMALL } from "../support/environments.ts";
import { planOf } from "../support/stacks.ts";

describe("prometheus.yml, read by Prometheus's own checker", () => {
  let promtool: string;
  let folder: string;

  before(async function () {
    this.timeout(600_000);
    promtool = (await prepareTools(["prometheus"], { progress: silentProgress })).bin("promtool");
    folder = mkdtempSync(join(tmpdir(), "prometheus-"));
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  const environments: readonly [string, Partial<EnvironmentInput>][] = [
    ["with engines on GPUs", {}],
    ["with simulated engines", { models: [{ ...SMALL, runtime: "simulator" }] }],
    [
      "with a short interval and without Grafana",
      {
        observability: { mode: "bundled", scrapeInterval: "1s", grafana: { enabled: false } },
      },
    ],
  ];
  for (const [what, settings] of environments) {
    it(`is valid ${what}`, () => {
      const file = join(folder, "prometheus.yml");
      writeFileSync(file, planOf(environmentOf(settings)).observability?.prometheus.files["prometheus.yml"] ?? "");
      // Only its syntax: there is no pod here whose token could be read.
      const { status, stdout, stderr } = spawnSync(promtool, ["check", "config", "--syntax-only", file], {
        encoding: "utf8",
      });
      assert.equal(status, 0, stdout + stderr);
    });
  }
});
