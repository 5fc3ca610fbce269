import assert from "node:assert/strict";
import { Environment } from "../../environments/schema/environment.ts";
import { parseEnvironment } from "../../environments/schema/load.ts";
import { plan } from "../../planning/plan.ts";
import type { Peer } from "../../planning/types.ts";
import { DOCUMENTS, documentAt, programText } from "./support/documents.ts";
import type { MarkdownFile } from "./support/markdown.ts";

const KEYS = Object.keys(Environment.shape);

/** Headings every page about a kind of environment or a section has, in this order; others may stand between. */
const SHAPE = ["What for", "Smallest example", "Settings", "What it costs", "How to check", "Limits"];

/** Pages of that shape. */
const SHAPED = [
  "docs/cache.md",
  "docs/existing-cluster.md",
  "docs/front.md",
  "docs/images.md",
  "docs/layers.md",
  "docs/local.md",
  "docs/models.md",
  "docs/observability.md",
  "docs/router.md",
  "docs/secrets.md",
];

describe("what the pages say of the program", () => {
  it("docs/settings.md has every key an environment may have", () => {
    const sections = headingsOf(documentAt("docs/settings.md"), 2);
    assert.deepEqual(sections, KEYS);
  });

  it("README.md sends readers from every key to the page about it", () => {
    const rows = documentAt("README.md").rows.filter(([, , page = ""]) => page.includes("docs/"));
    const named = rows.flatMap(([first = ""]) => [...first.matchAll(/`(\w+)`/g)].map(([, key]) => key));
    assert.deepEqual([...new Set(named)].sort(), [...KEYS].sort());
  });

  for (const path of SHAPED) {
    it(`${path} tells what for, how, at what cost, how to check and what not`, () => {
      const headings = headingsOf(documentAt(path), 2).filter((heading) => SHAPE.includes(heading));
      assert.deepEqual(headings, SHAPE);
      assert.ok(documentAt(path).links.some(({ target }) => target.startsWith("settings.md#")));
    });
  }

  it("every decision has its context and its consequences", () => {
    const records = DOCUMENTS.filter(({ path }) => /^docs\/decisions\/\d/.test(path));
    assert.ok(records.length > 10);
    for (const record of records) {
      assert.deepEqual(headingsOf(record, 2), ["Context", "Decision", "Consequences"], record.path);
    }
  });

  it("docs/troubleshooting.md explains messages the program has", () => {
    const text = programText();
    const messages = documentAt("docs/troubleshooting.md").headings.filter(({ level }) => level === 3);
    assert.ok(messages.length > 20);
    const unknown = messages.flatMap(({ text: heading }) => {
      const [, message = ""] = /^`([^`]+)`$/.exec(heading) ?? [];
      const pieces = message.split("…").map((piece) => piece.replace(/^\s*–/, "").trim());
      const known = pieces.filter((piece) => piece.length > 3);
      return known.length > 0 && known.every((piece) => text.includes(piece)) ? [] : [heading];
    });
    assert.deepEqual(unknown, []);
  });

  it("docs/security.md has the connections of a stack with everything in it, and no other", () => {
    const flows = plan("everything", EVERYTHING).flows.map(
      ({ from, to, ports }) => `${nameOf(from)} → ${nameOf(to)}: ${ports.join(", ")}`,
    );
    const rows = documentAt("docs/security.md").rows.filter(([from]) =>
      flows.some((flow) => flow.startsWith(`${from} →`)),
    );
    assert.deepEqual(
      rows.map(([from = "", to = "", ports = ""]) => `${from} → ${to}: ${ports}`).sort(),
      [...new Set(flows)].sort(),
    );
  });
});

const EVERYTHING = parseEnvironment("everything", {
  cluster: {
    provider: "existing",
    context: "on-premises",
    gpuPools: [{ name: "h100", accelerator: "h100", gpusPerNode: 8 }],
  },
  models: [{ name: "a", model: "Qwen/Qwen3-8B", maxModelLength: 8192 }],
  cache: { kind: "lmcache", cpu: { sizeGiBPerGpu: 8 }, server: { sizeGiB: 16 } },
});

/** A peer in the words of the page. */
function nameOf(peer: Peer): string {
  switch (peer.kind) {
    case "pods":
      return peer.label.replace(" of a", " of the model");
    case "cluster":
      return "any pod of the cluster";
    case "dns":
      return "DNS";
    case "internet":
      return "the internet";
    case "apiServer":
      return "the Kubernetes API";
  }
}

function headingsOf(document: MarkdownFile, level: number): string[] {
  return document.headings.filter((heading) => heading.level === level).map(({ text }) => text);
}
