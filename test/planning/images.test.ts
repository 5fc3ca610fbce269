import assert from "node:assert/strict";
import { formatProblem } from "../../environments/schema/problems.ts";
import {
  checkImages,
  engineImageFor,
  flagVersionOf,
  imageFor,
  lmcacheIn,
  vllmVersionOf,
} from "../../planning/images.ts";
import { planPools } from "../../planning/pools.ts";
import type { Environment } from "../../environments/schema/environment.ts";
import { clusterOf, environmentOf, H100, SMALL, withModel } from "./support/environments.ts";

const CACHE = { kind: "lmcache", cpu: { sizeGiBPerGpu: 20 } } as const;

function check(environment: Environment): { problems: string[]; warnings: string[] } {
  const { problems, warnings } = checkImages(environment, planPools(environment).pools);
  return { problems: problems.map(formatProblem), warnings: warnings.map(({ path, text }) => `${path}: ${text}`) };
}

function engineImage(environment: Environment): string {
  const [model] = environment.models;
  assert.ok(model);
  return engineImageFor(environment, model);
}

describe("the image of an engine", () => {
  it("is vLLM's own where there is no cache, and the pair tested together where there is one", () => {
    assert.match(engineImage(environmentOf()), /^docker\.io\/vllm\/vllm-openai:v0\.33\.0$/);
    assert.match(engineImage(environmentOf({ cache: CACHE })), /^docker\.io\/lmcache\/vllm-openai:v0\.5\.5$/);
  });

  it("follows a model's own cache settings", () => {
    assert.match(engineImage(withModel({ cache: { kind: "none" } }, { cache: CACHE })), /vllm\/vllm-openai/);
    assert.match(engineImage(withModel({ cache: CACHE })), /lmcache\/vllm-openai/);
  });

  it("is the model's before the environment's before the catalog's", () => {
    const images = { overrides: { engine: "example.com/engine:1.0" } };
    assert.equal(engineImage(environmentOf({ images })), "example.com/engine:1.0");
    assert.equal(engineImage(withModel({ image: "example.com/own:2.0" }, { images })), "example.com/own:2.0");
  });

  it("belongs to the runtime", () => {
    assert.match(engineImage(withModel({ runtime: "cpu" })), /vllm-openai-cpu/);
    assert.match(engineImage(withModel({ runtime: "simulator" })), /llm-d-inference-sim/);
  });
});

describe("a registry that mirrors all others", () => {
  const images = { registry: "mirror.example.com:5000/all" };

  it("replaces the registry of defaults and overrides and keeps tag and digest", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const environment = environmentOf({
      images: {
        ...images,
        overrides: { front: `docker.io/library/nginx:1.30.5@${digest}`, grafana: "grafana/grafana:13.0.0" },
      },
    });
    assert.equal(imageFor(environment, "devicePlugin"), "mirror.example.com:5000/all/nvidia/k8s-device-plugin:v0.20.0");
    assert.equal(imageFor(environment, "front"), `mirror.example.com:5000/all/library/nginx:1.30.5@${digest}`);
    assert.equal(imageFor(environment, "grafana"), "mirror.example.com:5000/all/grafana/grafana:13.0.0");
  });

  it("leaves alone what is there already and what was built on the nodes", () => {
    const overrides = { front: "mirror.example.com:5000/all/front:1", simulator: "localhost/vllm-stack/sim:1" };
    const environment = environmentOf({ images: { ...images, overrides } });
    assert.equal(imageFor(environment, "front"), overrides.front);
    assert.equal(imageFor(environment, "simulator"), overrides.simulator);
  });

  it("does not hide what an image contains", () => {
    const image = engineImage(environmentOf({ images, cache: CACHE }));
    assert.equal(image, "mirror.example.com:5000/all/lmcache/vllm-openai:v0.5.5");
    assert.equal(vllmVersionOf(image), "0.29.0");
    assert.equal(lmcacheIn(image), "tested");
  });
});

describe("the version of vLLM in an image", () => {
  it("is read from the tag of vLLM's own images, is the pair's in LMCache's, and unknown in others", () => {
    assert.equal(vllmVersionOf("vllm/vllm-openai:v0.31.0-cu129"), "0.31.0");
    assert.equal(vllmVersionOf("lmcache/vllm-openai:v0.5.4"), "0.27.1");
    assert.equal(vllmVersionOf("example.com/engine:1.0"), null);
  });

  it("is taken for the newest one where it is unknown, and the plan says so", () => {
    assert.equal(flagVersionOf("example.com/engine:1.0"), "0.33.0");
    const { problems, warnings } = check(withModel({ image: "example.com/engine:1.0" }));
    assert.deepEqual(problems, []);
    assert.match(
      warnings.join("\n"),
      /^models\[0\]\.image: The version of vLLM in example\.com\/engine:1\.0 is not known/m,
    );
  });
});

describe("images that are refused", () => {
  it("refuses floating tags, of a model and of any program of the stack", () => {
    const { problems } = check(
      withModel(
        { image: "vllm/vllm-openai:latest" },
        { images: { overrides: { front: "nginx", prometheus: "prom/prometheus:main" } } },
      ),
    );
    assert.equal(problems.length, 3, problems.join("\n"));
    assert.match(problems.join("\n"), /images\.overrides\.front: nginx – has no tag, which means latest/);
    assert.match(problems.join("\n"), /models\[0\]\.image: vllm\/vllm-openai:latest – the tag "latest"/);
  });

  it("refuses a tag that is known not to start", () => {
    const { problems } = check(withModel({ image: "lmcache/vllm-openai:v0.5.5-cu129" }, { cache: CACHE }));
    assert.match(problems.join("\n"), /does not start: it lacks libcudart/);
  });

  it("refuses an image without LMCache while the cache is on, and is careful where it can't know", () => {
    const refused = check(withModel({ image: "vllm/vllm-openai-cpu:v0.33.0" }, { cache: CACHE }));
    assert.match(refused.problems.join("\n"), /has no LMCache, and the cache is on/);
    const own = check(withModel({ image: "example.com/engine:1.0" }, { cache: CACHE }));
    assert.deepEqual(own.problems, []);
    assert.match(own.warnings.join("\n"), /not known whether example\.com\/engine:1\.0 has LMCache/);
  });

  it("refuses an amd64 image on the nodes of an arm64 GPU", () => {
    const environment = environmentOf({
      cluster: clusterOf([{ ...H100, accelerator: "gh200", gpusPerNode: 1 }]),
      cache: CACHE,
    });
    assert.match(
      check(environment).problems.join("\n"),
      /built for amd64, and the nodes of pool h100 are arm64.*kind: none/,
    );
    assert.deepEqual(check({ ...environment, cache: { kind: "none" } }).problems, []);
  });

  it("refuses a program that nobody publishes an image of, until the environment names one", () => {
    const router = { implementation: "vllm-router" } as const;
    assert.match(check(environmentOf({ router })).problems.join("\n"), /images\.overrides\.vllmRouter: – is required/);
    const images = { overrides: { vllmRouter: "example.com/vllm-router:0.1.17" } };
    assert.deepEqual(check(environmentOf({ router, images })).problems, []);
  });
});

describe("known advisories of the images", () => {
  it("are named for the pair with LMCache, with what is done about them", () => {
    const { problems, warnings } = check(environmentOf({ cache: CACHE }));
    assert.deepEqual(problems, []);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /CVE-2026-105756.*Done about it:.*LMCacheConnectorV1/);
  });

  it("are said once for several models on one image", () => {
    const models = [SMALL, { ...SMALL, name: "b", servedName: "b" }];
    assert.equal(check(environmentOf({ models, cache: CACHE })).warnings.length, 1);
  });

  it("are none for the newest image", () => {
    assert.deepEqual(check(environmentOf()), { problems: [], warnings: [] });
  });
});
