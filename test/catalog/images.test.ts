import assert from "node:assert/strict";
import fc from "fast-check";
import {
  advisoriesFor,
  checkImage,
  defaultImage,
  findImage,
  formatImage,
  images,
  imageVersions,
  parseImage,
} from "../../catalog/images.ts";
import type { ImageRole } from "../../catalog/images.ts";

const ROLES: readonly ImageRole[] = [
  "engine",
  "cpuEngine",
  "simulator",
  "productionStackRouter",
  "vllmRouter",
  "front",
  "cacheServer",
  "prometheus",
  "grafana",
  "devicePlugin",
];

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("catalog: image references", () => {
  it("reads them as container runtimes do", () => {
    assert.deepEqual(parseImage("nginx"), { registry: "docker.io", repository: "library/nginx" });
    assert.deepEqual(parseImage("vllm/vllm-openai:v0.33.0"), {
      registry: "docker.io",
      repository: "vllm/vllm-openai",
      tag: "v0.33.0",
    });
    assert.deepEqual(parseImage("localhost:5000/a/b:1"), { registry: "localhost:5000", repository: "a/b", tag: "1" });
    assert.deepEqual(parseImage("localhost/vllm-stack/front:1"), {
      registry: "localhost",
      repository: "vllm-stack/front",
      tag: "1",
    });
    assert.deepEqual(parseImage(`ghcr.io/x/y:1.2@${DIGEST}`), {
      registry: "ghcr.io",
      repository: "x/y",
      tag: "1.2",
      digest: DIGEST,
    });
  });

  it("refuses what no runtime would take, naming the part", () => {
    assert.throws(() => parseImage("Vllm/OpenAI:1"), /"Vllm" may not be in a repository/);
    assert.throws(() => parseImage("a/b@sha256:12"), /digest is not sha256: and 64 digits/);
    assert.throws(() => parseImage("a//b:1"), /a part of the repository is empty/);
    assert.throws(() => parseImage("a/b:"), /"" is no tag/);
    assert.throws(() => parseImage(""), /image: /);
  });

  it("writes what it read", () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const references = fc.record({
      host: fc.constantFrom("ghcr.io", "localhost:5000"),
      path: fc.array(word, { minLength: 1, maxLength: 3 }),
      tag: word,
    });
    fc.assert(
      fc.property(references, ({ host, path, tag }) => {
        const text = `${host}/${path.join("/")}:${tag}`;
        assert.equal(formatImage(parseImage(text)), text);
      }),
      { seed: 1 },
    );
  });
});

describe("catalog: images", () => {
  it("has a pinned default with a source for every program", () => {
    for (const role of ROLES) {
      const image = defaultImage(role);
      assert.deepEqual(
        checkImage(image.reference).filter(({ severity }) => severity === "error"),
        [],
        role,
      );
      assert.ok(image.source !== "" && image.date !== "" && image.sizeGB > 0, role);
      assert.equal(findImage(image.reference)?.reference, image.reference);
    }
    assert.deepEqual([...new Set(images.map((image) => image.role))].toSorted(), ROLES.toSorted());
  });

  it("serves with the newest vLLM, and with the newest tested pair when LMCache is on", () => {
    assert.deepEqual(defaultImage("engine").versions, { vllm: "0.33.0" });
    assert.deepEqual(defaultImage("engine", { withCache: true }).versions, { vllm: "0.29.0", lmcache: "0.5.5" });
  });

  it("refuses floating tags", () => {
    for (const tag of ["", ":latest", ":nightly", ":latest-nightly", ":main", ":stable-alpine", ":kvaware"]) {
      const [problem] = checkImage(`lmcache/vllm-openai${tag}`);
      assert.equal(problem?.severity, "error", tag);
      assert.match(problem.remedy, /pin the content/);
    }
    assert.deepEqual(checkImage(`x/y:latest@${DIGEST}`), []);
    assert.deepEqual(checkImage("vllm/vllm-openai:nightly-0123456789abcdef"), []);
  });

  it("refuses images that do not start or do not exist, from a mirror path too", () => {
    assert.match(checkImage("lmcache/vllm-openai:v0.5.5-cu129")[0]?.rule ?? "", /libcudart\.so\.13/);
    assert.match(checkImage("lmcache/lmcache:v1.0.0")[0]?.rule ?? "", /does not exist/);
  });

  it("reads vLLM's version from its own tags and from nobody else's", () => {
    assert.deepEqual(imageVersions("vllm/vllm-openai:v0.31.0-cu129"), { vllm: "0.31.0" });
    assert.deepEqual(imageVersions("registry.example.com/mirror/vllm/vllm-openai-cpu:v0.30.0"), { vllm: "0.30.0" });
    assert.deepEqual(imageVersions("example.com/our/engine:v0.30.0"), {});
    assert.deepEqual(imageVersions("lmcache/vllm-openai:v0.5.4"), { vllm: "0.27.1", lmcache: "0.5.4" });
  });

  it("names the vulnerabilities a version has, and none that are fixed in it", () => {
    const ids = (vllm: string): readonly string[] => advisoriesFor({ vllm }).map(({ id }) => id);
    assert.deepEqual(ids("0.31.0"), []);
    assert.ok(ids("0.30.0").includes("GHSA-p92p-rxj5-7p2x") && !ids("0.30.0").includes("CVE-2026-105756"));
    assert.ok(ids("0.29.0").includes("CVE-2026-105756"));
    assert.ok(ids("0.8.4").includes("CVE-2025-32444") && !ids("0.8.5").includes("CVE-2025-32444"));
    assert.ok(advisoriesFor({ lmcache: "0.5.5" }).some(({ id }) => id === "CVE-2026-107206"));
    assert.ok(!advisoriesFor({ lmcache: "0.5.6" }).some(({ id }) => id === "CVE-2026-107206"));
    assert.deepEqual(advisoriesFor({}), []);
  });

  it("warns once about the tested pair, with what is done about its vulnerabilities", () => {
    const problems = checkImage(defaultImage("engine", { withCache: true }).reference);
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.severity, "warning");
    assert.match(problems[0].remedy, /NetworkPolicies admit engines alone/);
  });
});
