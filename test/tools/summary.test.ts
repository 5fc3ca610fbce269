import assert from "node:assert/strict";
import { readEnvironment } from "../../environments/schema/file.ts";
import { plan } from "../../planning/plan.ts";
import { expectedTargets } from "../../tools/start/prove.ts";
import type { Started } from "../../tools/start/started.ts";
import { hanging, summary, summaryJson } from "../../tools/start/summary.ts";

const { name, environment } = readEnvironment("local");
const planned = plan(name, environment);

const started: Started = {
  plan: planned,
  kubeconfig: "/state/local/cluster/kubeconfig.yaml",
  context: "vllm-stack-local",
  addresses: {
    endpoint: "http://127.0.0.1:8000/v1",
    prometheus: "http://127.0.0.1:9090",
    keyFile: "/state/local/api-key",
  },
  proof: {
    model: "Qwen/Qwen3-8B",
    question: "Why is the sky blue?",
    completion: { text: ` ${"word ".repeat(40)}`, engine: "engine-qwen3-8b-abc", milliseconds: 83.4 },
    targets: { up: 7, all: 8 },
  },
  notes: [`The engines are simulated: ${"their answers are random ".repeat(6)}.`],
  next: ["curl a \\\n  -d b", "npm stop"],
};

describe("the summary of npm start", () => {
  const lines = summary(started).split("\n");

  it("has where it answers, what it was asked, who answered and how many targets are up", () => {
    const text = lines.join("\n");
    assert.match(text, /^local is up\.$/m);
    assert.match(text, /^ {2}OpenAI endpoint +http:\/\/127\.0\.0\.1:8000\/v1$/m);
    assert.match(text, /^ {2}API key +\/state\/local\/api-key$/m);
    assert.match(text, /^ {2}models +Qwen\/Qwen3-8B \(2 replicas\), Qwen\/Qwen3-0\.6B \(1 replica\)$/m);
    assert.match(text, /“Why is the sky blue\?”$/m);
    assert.match(text, /^ +answered by engine-qwen3-8b-abc in 83 ms$/m);
    assert.match(text, /^ {2}Prometheus +http:\/\/127\.0\.0\.1:9090, 7 of 8 targets up$/m);
  });

  it("fits 100 columns, further lines standing below the first one's words", () => {
    assert.deepEqual(
      lines.filter((line) => line.length > 100),
      [],
    );
    const first = lines.findIndex((line) => line.includes("- The engines"));
    assert.match(lines[first + 1] ?? "", /^ {4}\S/);
  });

  it("ends with the next commands, which can be copied as they are", () => {
    assert.deepEqual(lines.slice(lines.indexOf("Next")), ["Next", "  curl a \\", "    -d b", "  npm stop", ""]);
  });

  it("says so where there is no key and no Prometheus", () => {
    const addresses = { ...started.addresses, keyFile: null, prometheus: null };
    const text = summary({ ...started, addresses, proof: { ...started.proof, targets: null }, notes: [] });
    assert.match(text, /API key +none needed/);
    assert.match(text, /Prometheus +none$/m);
    assert.doesNotMatch(text, /Notes/);
  });

  it("is JSON for programs, without the plan and without the key", () => {
    const json = JSON.stringify(summaryJson(started, [{ step: "up", began: 1, seconds: 2 }]));
    assert.match(json, /"endpoint":"http:\/\/127\.0\.0\.1:8000\/v1"/);
    assert.match(json, /"times":\[\{"step":"up","began":1,"seconds":2\}\]/);
    assert.doesNotMatch(json, /workload/);
  });

  it("breaks at blanks alone, and never inside a word", () => {
    assert.equal(hanging("- ", "aaa bb cccccccccc d", 8), "- aaa bb\n  cccccccccc\n  d");
  });
});

describe("the targets npm start waits for", () => {
  it("are all pods with metrics, and Prometheus itself", () => {
    // Three engines, two routers, two fronts, Prometheus.
    assert.equal(expectedTargets(planned), 8);
    const kind = readEnvironment("kind");
    const withGrafana = plan(kind.name, kind.environment);
    assert.ok(expectedTargets(withGrafana) >= 9, "Grafana, and two replicas of routers without state");
    assert.equal(expectedTargets({ ...planned, observability: null }), 0);
  });
});
