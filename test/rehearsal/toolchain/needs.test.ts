import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGoTool } from "../../../rehearsal/toolchain/go.ts";
import { toolProblems } from "../../../rehearsal/toolchain/toolchain.ts";
import { GO_TOOLS } from "../../../rehearsal/toolchain/tools.ts";

describe("what a machine needs to prepare tools", () => {
  let root: string;
  let path: string | undefined;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "needs-test-"));
    await mkdir(join(root, "bin"));
    path = process.env.PATH;
    process.env.PATH = join(root, "bin");
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(root, { recursive: true });
  });
  const cache = () => join(root, "cache");

  it("is found out as a whole, before anything is made: no Go, no apt", async () => {
    const problems = await toolProblems(["pulumi", "node"], cache());
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? "", /^go: not found on the PATH – Pulumi engine .* needs Go 1\.\d+.*Install it from/);
    assert.match(problems[1] ?? "", /apt-get and dpkg not found – .* --context NAME/);
    assert.deepEqual(await readdir(root), ["bin"]);
  });

  it("is a Go that is new enough", async () => {
    await writeFile(join(root, "bin/go"), "#!/bin/sh\nprintf 'go1.19.8\\n/tmp/build\\n/tmp/mod\\n'\n", { mode: 0o755 });
    const problems = await toolProblems(["pulumi"], cache());
    assert.match(problems.join("\n"), /^go: 1\.19\.8 – Pulumi engine .* needs Go 1\.\d+/);
  });

  it("is no Go for what is in the cache already", async () => {
    // A Go that "builds": it makes the file it is asked for.
    const script = `#!/bin/sh
[ "$1" = env ] && { printf 'go1.99.0\\n${root}\\n${root}\\n'; exit; }
while [ "$1" != -o ]; do shift; done
echo built > "$2"
`;
    await writeFile(join(root, "bin/go"), script, { mode: 0o755 });
    await buildGoTool("pause", GO_TOOLS.pause, { cache: cache(), onUpdate: () => undefined });
    await rm(join(root, "bin/go"));
    assert.deepEqual(await toolProblems(["pause"], cache()), []);
    assert.equal((await toolProblems(["pause", "kwok"], cache())).length, 1);
  });
});
