import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREPARE = join(import.meta.dirname, "../../tools/prepare.js");

/** What runs before npm start and npm test, on a clone whose packages and Node are made up. */
describe("preparing a clone", function () {
  this.timeout(20_000);
  const lockfile = '{ "lockfileVersion": 3 }';
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "vllm-stack-clone-"));
    mkdirSync(join(root, "tools"));
    copyFileSync(PREPARE, join(root, "tools/prepare.js"));
    writeFileSync(join(root, "package.json"), '{ "type": "module" }');
    writeFileSync(join(root, "package-lock.json"), lockfile);
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  /** A Node of the project's own that says this is its version. */
  function bundleNode(version: string): void {
    mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
    writeFileSync(join(root, "node_modules/.bin/node"), `#!/bin/sh\necho v${version}\n`);
    chmodSync(join(root, "node_modules/.bin/node"), 0o755);
  }

  function markInstalled(): void {
    mkdirSync(join(root, "node_modules"), { recursive: true });
    const stamp = createHash("sha256").update(lockfile).digest("hex");
    writeFileSync(join(root, "node_modules/.installed-lockfile"), stamp);
  }

  /** Runs it with an npm that notes how it was called and ends with this status. */
  function prepare(npmStatus = 0) {
    const npm = join(root, "npm.js");
    writeFileSync(
      npm,
      `import { mkdirSync, writeFileSync } from "node:fs";
       mkdirSync("node_modules", { recursive: true });
       writeFileSync("called.json", JSON.stringify(process.argv.slice(2)));
       process.exit(${npmStatus});`,
    );
    const env = { ...process.env, npm_execpath: npm };
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "tools/prepare.js")], {
      encoding: "utf8",
      env,
    });
    const called = join(root, "called.json");
    return { status, stdout, stderr, npm: existsSync(called) ? readFileSync(called, "utf8") : undefined };
  }

  it("refuses a Node that is too old in one sentence, with where a newer one is", () => {
    markInstalled();
    for (const version of ["20.20.2", "22.17.1"]) {
      bundleNode(version);
      const { status, stderr } = prepare();
      assert.equal(status, 1);
      assert.equal(
        stderr,
        `Node v${version} is too old: version 22.18 or newer is needed. See https://nodejs.org for a current one.\n`,
      );
    }
  });

  it("takes every Node from 22.18 on, without a word and without npm", () => {
    markInstalled();
    for (const version of ["22.18.0", "24.0.0"]) {
      bundleNode(version);
      assert.deepEqual(prepare(), { status: 0, stdout: "", stderr: "", npm: undefined });
    }
  });

  it("installs what the lockfile says, running no scripts, and once", () => {
    const first = prepare();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /^Installing the packages of package-lock\.json …$/m);
    assert.match(first.npm ?? "", /^\["ci","--ignore-scripts"/);
    rmSync(join(root, "called.json"));
    assert.equal(prepare().npm, undefined, "the packages are there");
    writeFileSync(join(root, "package-lock.json"), `${lockfile}\n`);
    assert.notEqual(prepare().npm, undefined, "the lockfile is another one");
  });

  it("tries again after an installation that failed", () => {
    const failed = prepare(7);
    assert.equal(failed.status, 7);
    assert.match(failed.stderr, /could not be installed: see above\. Is a package registry in reach\?/);
    assert.equal(prepare().status, 0);
  });
});
