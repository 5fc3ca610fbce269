// Runs before npm start and npm test, also on a Node that is too old for the project: plain JavaScript, no imports
// but Node's own. Installs the packages of the lockfile where they are missing or out of date; among them is the
// Node the project runs on.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const stamp = join(root, "node_modules", ".installed-lockfile");
const lockfile = readFileSync(join(root, "package-lock.json"));
const wanted = createHash("sha256").update(lockfile).digest("hex");

if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  console.log("Installing the packages of package-lock.json …");
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith("js") ? [process.execPath, [npm]] : ["npm", []];
  const install = spawnSync(
    command,
    [...args, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (install.status !== 0) {
    console.error("The packages could not be installed: see above. Is a package registry in reach?");
    process.exit(install.status ?? 1);
  }
  writeFileSync(stamp, wanted);
}

const bundled = join(root, "node_modules", ".bin", "node");
const runtime = existsSync(bundled) ? bundled : process.execPath;
const version = spawnSync(runtime, ["--version"], { encoding: "utf8" }).stdout.trim();
const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `Node ${version} is too old: version 22.18 or newer is needed. See https://nodejs.org for a current one.`,
  );
  process.exit(1);
}
