/**
 * `npm test`: runs the tiers in order, the fast ones first, each in a process of its own, and ends with one line
 * `N passed, N failed, N skipped`. `--fast` runs the tiers that need npm packages alone, `--tier NAME` one of them.
 * A tier whose needs are missing is skipped with the reason; with CI=true that is a failure.
 */
import { spawn } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { missingNeeds, type Need } from "./test-needs.ts";

const ROOT = join(import.meta.dirname, "..");

const HELP = `npm test [-- OPTIONS]

Runs the test tiers and ends with the line "N passed, N failed, N skipped". A tier whose needs are missing is skipped
with the reason; with CI=true that is a failure.

  --fast          only the tiers that need npm packages alone
  --tier NAME     only this tier: pure, component, engine, cluster or soak; may be given several times
  --root FOLDER   folder whose test/ is run (default: this project)
`;

const { values } = parseArgs({
  options: {
    fast: { type: "boolean", default: false },
    tier: { type: "string", multiple: true },
    root: { type: "string", default: ROOT },
    help: { type: "boolean", short: "h" },
  },
});

interface Tier {
  readonly name: string;
  readonly files: readonly string[];
  readonly needs: readonly Need[];
  /** Longest time of one test in milliseconds. */
  readonly timeout: number;
}

/** What the reporter leaves behind. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const ALL = find("test/**/*.test.ts");
const SLOW = /\.(engine|cluster|soak)\.test\.ts$/;
const PULUMI = /^test\/(components|stacks)\//;

const TIERS: readonly Tier[] = [
  { name: "pure", files: ALL.filter((file) => !SLOW.test(file) && !PULUMI.test(file)), needs: [], timeout: 20_000 },
  { name: "component", files: ALL.filter((file) => !SLOW.test(file) && PULUMI.test(file)), needs: [], timeout: 30_000 },
  {
    name: "engine",
    files: ALL.filter((file) => file.endsWith(".engine.test.ts")),
    needs: ["linux", "go"],
    timeout: 300_000,
  },
  {
    name: "cluster",
    files: ALL.filter((file) => file.endsWith(".cluster.test.ts")),
    needs: ["linux", "root", "go", "debian"],
    timeout: 600_000,
  },
  {
    name: "soak",
    files: ALL.filter((file) => file.endsWith(".soak.test.ts")),
    needs: ["linux", "root", "go", "debian"],
    timeout: 2_400_000,
  },
];

if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}
const wanted = values.tier ?? (values.fast ? ["pure", "component"] : ["pure", "component", "engine", "cluster"]);
const unknown = wanted.filter((name) => !TIERS.some((tier) => tier.name === name));
if (unknown.length > 0) {
  console.error(`No tier ${unknown.join(", ")}. There are: ${TIERS.map((tier) => tier.name).join(", ")}.`);
  process.exit(2);
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const tier of TIERS.filter(({ name }) => wanted.includes(name))) {
  const counts = await run(tier);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
if (total.skipped > 0 && process.env.CI === "true") {
  console.log("\nCI=true: a skipped test counts as a failure.");
  process.exitCode = 1;
}
if (total.failed > 0) process.exitCode = 1;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);

async function run(tier: Tier): Promise<Counts> {
  if (tier.files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const missing = missingNeeds(tier.needs);
  if (missing.length > 0) {
    console.log(`\nTier ${tier.name}: skipped, ${tier.files.length} files. ${missing.join(" ")}`);
    return { passed: 0, failed: 0, skipped: tier.files.length };
  }
  const started = performance.now();
  console.log(`\nTier ${tier.name}: ${tier.files.length} files`);
  const counts = await mocha(tier);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `Tier ${tier.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s`,
  );
  return counts;
}

async function mocha(tier: Tier): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "vllm-stack-test-"));
  const result = join(folder, "counts.json");
  const args = [
    join(ROOT, "node_modules/mocha/bin/mocha.js"),
    ...["--reporter", join(ROOT, "tools/test-reporter.cjs")],
    ...["--timeout", String(tier.timeout)],
    "--exit",
    ...tier.files,
  ];
  const child = spawn(process.execPath, args, {
    cwd: values.root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      VLLM_STACK_TEST_COUNTS: result,
      NODE_COMPILE_CACHE: join(ROOT, "node_modules/.cache/compile"),
    },
  });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on("SIGINT", forward).on("SIGTERM", forward);
  await new Promise((done) => child.once("close", done));
  process.off("SIGINT", forward).off("SIGTERM", forward);
  try {
    return JSON.parse(readFileSync(result, "utf8")) as Counts;
  } catch {
    console.log(`Tier ${tier.name} ended before its tests did: a file could not be loaded, or the process was killed.`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function find(pattern: string): string[] {
  return globSync(pattern, { cwd: values.root }).sort();
}
