import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { environmentNames } from "../../environments/schema/file.ts";
import { parseEnvironment, PREFIX } from "../../environments/schema/load.ts";
import { plan } from "../../planning/plan.ts";
import { DOCUMENTS, find, ROOT, SCRIPTS } from "./support/documents.ts";
import type { Fence, MarkdownFile } from "./support/markdown.ts";

/** What a `yaml fragment` is laid over. */
const MINIMAL: Readonly<Record<string, unknown>> = {
  cluster: {
    provider: "existing",
    context: "on-premises",
    gpuPools: [{ name: "h100", accelerator: "h100", gpusPerNode: 8, nodes: 2, nodeSelector: { pool: "h100" } }],
  },
  models: [{ name: "qwen3-8b", model: "Qwen/Qwen3-8B", replicas: 2, maxModelLength: 16384 }],
};

const Settings = z.record(z.string(), z.unknown());
const NAME_LINE = /^# environments\/Pulumi\.([\w-]+)\.yaml\n/;

describe("the examples of", () => {
  for (const document of DOCUMENTS) {
    const { fences } = document;
    if (fences.length === 0) continue;
    describe(document.path, () => {
      for (const fence of fences.filter(({ language }) => language === "yaml")) {
        it(`line ${fence.line}: an environment that can be planned`, () => {
          plan(NAME_LINE.exec(fence.text)?.[1] ?? "example", parseEnvironment(document.path, settingsOf(fence)));
        });
      }

      it("call commands, options and environments that there are", () => {
        const lines = fences.filter(({ language }) => language === "sh").flatMap(({ text }) => text.split("\n"));
        const problems = [...lines, ...document.codes.map(({ target }) => target)].flatMap((line) =>
          commandProblems(document, line),
        );
        assert.deepEqual(problems, []);
      });

      for (const { command, output } of outputsOf(fences)) {
        it(`line ${output.line}: ${command} prints what is shown`, () => {
          assertShown(output.text, run(document, command));
        });
      }
    });
  }
});

/**
 * A whole file has `config:`; a `fragment` has keys of environments, in place of those of {@link MINIMAL}. A `serving` stack
 * gets its cluster from another stack.
 */
function settingsOf({ text, marks }: Fence): Record<string, unknown> {
  const root = Settings.parse(parse(text));
  const isFragment = marks.includes("fragment");
  const config = isFragment ? root : Settings.parse(root.config);
  const entries = Object.entries(config);
  const foreign = entries.map(([key]) => key).filter((key) => !key.startsWith(PREFIX));
  assert.deepEqual(foreign, [], `keys without ${PREFIX}`);
  const own = Object.fromEntries(entries.map(([key, value]) => [key.slice(PREFIX.length), value]));
  if (isFragment) return { ...MINIMAL, ...own };
  return marks.includes("serving") ? { cluster: MINIMAL.cluster, ...own } : own;
}

/** Names of the environments that a page gives as whole files. */
function ownEnvironments({ fences }: MarkdownFile): Map<string, string> {
  return new Map(
    fences.flatMap(({ language, text }) => {
      const name = NAME_LINE.exec(text)?.[1];
      return language === "yaml" && name !== undefined ? [[name, text] as const] : [];
    }),
  );
}

function commandProblems(document: MarkdownFile, line: string): string[] {
  const call = /\bnpm (?:run )?(?:--silent )?([a-z][\w:-]*)(?: -- (.*))?/.exec(line);
  const [, name = "", rest = ""] = call ?? [];
  if (call === null || ["ci", "install"].includes(name)) return [];
  const script = SCRIPTS[name];
  if (script === undefined) return [`${line}: no script ${name}`];
  const help = find(`tools/${name}*.ts`)
    .map((path) => readFileSync(join(ROOT, path), "utf8"))
    .join("\n");
  const options = rest.match(/(?<=^| )--[a-z][a-z-]*/g) ?? [];
  const environment =
    /--environment (\S+)/.exec(rest)?.[1] ?? (["plan", "connect"].includes(name) ? rest.split(" ")[0] : undefined);
  const known = [...environmentNames(), ...ownEnvironments(document).keys()];
  const isKnown =
    environment === undefined ||
    /^$|^[<-]/.test(environment) ||
    known.includes(environment) ||
    existsSync(join(ROOT, environment));
  return [
    ...options.filter((option) => !help.includes(`${option} `)).map((option) => `${line}: no option ${option}`),
    ...(isKnown ? [] : [`${line}: no environment ${environment}`]),
  ];
}

/** Blocks `text output` and the one command of the block before, where it is one without an engine. */
function outputsOf(fences: readonly Fence[]): { readonly command: string; readonly output: Fence }[] {
  return fences.flatMap((output, index) => {
    if (!output.marks.includes("output")) return [];
    const command = fences[index - 1]?.text.trim() ?? "";
    assert.match(command, /^npm run (plan|fit) -- [^\n]*$/, `line ${output.line}: no command that prints it`);
    return [{ command, output }];
  });
}

/** What the command prints, errors included; environments that stand on the page are written to a folder first. */
function run(document: MarkdownFile, command: string): string {
  const [, name = "", rest = ""] = /^npm run (\w+) -- (.*)$/.exec(command) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    const args = rest.split(" ").map((word) => {
      const text = name === "plan" ? ownEnvironments(document).get(word) : undefined;
      if (text === undefined) return word;
      const path = join(folder, `Pulumi.${word}.yaml`);
      writeFileSync(path, text);
      return path;
    });
    const { stdout, stderr } = spawnSync(process.execPath, [`tools/${name}.ts`, ...args], {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
    });
    return stdout + stderr;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every line that is shown is printed, in this order; only where `…` stands alone are lines left out. */
function assertShown(shown: string, printed: string): void {
  const actual = printed.trim().split("\n");
  let at = 0;
  let mayGoOn = false;
  for (const line of shown.trim().split("\n")) {
    if (line.trim() === "…") {
      mayGoOn = true;
      continue;
    }
    const next = mayGoOn ? actual.findIndex((candidate, index) => index >= at && same(candidate, line)) : at;
    assert.ok(next >= 0 && same(actual[next] ?? "", line), `not printed: ${line}\nprinted there: ${actual[at] ?? ""}`);
    at = next + 1;
    mayGoOn = false;
  }
  assert.ok(mayGoOn || at === actual.length, `printed, but not shown: ${actual.slice(at).join("\n")}`);
}

function same(one: string, other: string): boolean {
  return one.trimEnd() === other.trimEnd();
}
