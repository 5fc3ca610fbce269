import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join, normalize } from "node:path";
import { DOCUMENTS, documentAt, find, ROOT } from "./support/documents.ts";
import type { Link, MarkdownFile } from "./support/markdown.ts";

/** Public sites the pages may send readers to. */
const HOSTS: ReadonlySet<string> = new Set([
  "127.0.0.1",
  "docs.lmcache.ai",
  "docs.vllm.ai",
  "git-scm.com",
  "github.com",
  "go.dev",
  "k3d.io",
  "keepachangelog.com",
  "kind.sigs.k8s.io",
  "kubernetes.io",
  "localhost",
  "nginx.org",
  "nodejs.org",
  "semver.org",
  "www.pulumi.com",
]);

/** First folders of absolute paths that are the same on every machine, and paths of the API and of containers. */
const ROOTS: ReadonlySet<string> = new Set([
  ...["bin", "dev", "etc", "home", "opt", "proc", "sys", "tmp", "usr", "var"],
  ...["cache", "docs", "health", "liveness", "metrics", "models", "remove_worker", "sleep", "v1", "workers"],
]);

/** Folders a page tells contributors to make. */
const TO_BE_MADE: ReadonlySet<string> = new Set(["catalog/instances/"]);

describe("every page", () => {
  for (const document of DOCUMENTS) {
    describe(document.path, () => {
      it("has links that lead somewhere", () => {
        assert.deepEqual(
          document.links.flatMap((link) => linkProblem(document, link)),
          [],
        );
      });

      it("names files that are there", () => {
        const missing = document.codes.filter(({ target }) => looksLikePath(target) && !isThere(target));
        assert.deepEqual(
          missing.map(({ target, line }) => `line ${line}: ${target}`),
          [],
        );
      });

      it("names no machine: not this one, no mirror, no paths that only one machine has", () => {
        assert.deepEqual(
          privateNames().filter((name) => document.text.includes(name)),
          [],
        );
        const roots = [...document.text.matchAll(/(?:^|[\s`"'(=])\/([A-Za-z][\w-]*)/gm)].map(([, root = ""]) => root);
        assert.deepEqual(
          roots.filter((root) => !ROOTS.has(root)),
          [],
        );
        const hosts = [...document.text.matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host = ""]) => host);
        assert.deepEqual(
          hosts.filter((host) => !HOSTS.has(host) && !/(^|\.)example\.com$|\.svc\.cluster\.local$/.test(host)),
          [],
        );
      });
    });
  }

  it("can be reached from README.md", () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      if (reached.has(path)) return;
      reached.add(path);
      const document = DOCUMENTS.find((candidate) => candidate.path === path);
      for (const { target } of document?.links ?? []) {
        const file = target.split("#")[0] ?? "";
        if (document !== undefined && isRelative(target) && file !== "") visit(resolved(document, file));
      }
    };
    visit("README.md");
    assert.deepEqual(
      DOCUMENTS.map(({ path }) => path).filter((path) => !reached.has(path)),
      [],
    );
  });

  it("that is told to be made isn't there yet", () => {
    const made = [...TO_BE_MADE].filter((path) => existsSync(join(ROOT, path)));
    assert.deepEqual(made, [], "take it off the list");
  });
});

function isRelative(target: string): boolean {
  return !/^[a-z]+:/.test(target);
}

function resolved(document: MarkdownFile, file: string): string {
  return normalize(join(dirname(document.path), file));
}

function linkProblem(document: MarkdownFile, { target, line }: Link): string[] {
  if (!isRelative(target)) return [];
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? document.path : resolved(document, file);
  if (!existsSync(join(ROOT, path))) return [`line ${line}: ${target} – no such file`];
  if (anchor === undefined) return [];
  if (!path.endsWith(".md")) return [`line ${line}: ${target} – an anchor in what is no page`];
  return documentAt(path).anchors.has(anchor) ? [] : [`line ${line}: ${target} – no such heading`];
}

/** Something with a slash that begins at a folder of the project, or has the end of one of its files. */
function looksLikePath(code: string): boolean {
  if (!/^[\w.@*<>{},-]+(\/[\w.@*<>{},-]*)+$/.test(code)) return false;
  const [first = ""] = code.split("/");
  const isFolder = existsSync(join(ROOT, first)) && statSync(join(ROOT, first)).isDirectory();
  return (isFolder && first !== "." && first !== "..") || /\.(ts|js|cjs|md|yaml|json)$/.test(code);
}

/** `<name>` stands for any name, `*` and `{a,b}` are patterns. */
function isThere(path: string): boolean {
  if (TO_BE_MADE.has(path) && !existsSync(join(ROOT, path))) return true;
  return find(path.replaceAll(/<[^>]+>/g, "*").replace(/\/$/, "")).length > 0;
}

/** What would give this machine away: its name, the checkout's folder, the mirrors packages come from. */
function privateNames(): string[] {
  const { npm_config_registry, GOPROXY, PIP_INDEX_URL } = process.env;
  const mirrors = [npm_config_registry, ...(GOPROXY ?? "").split(/[,|]/), PIP_INDEX_URL].flatMap((url) =>
    url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : [],
  );
  return [ROOT, hostname(), ...mirrors].filter((name) => name.length > 3 && name !== "localhost");
}
