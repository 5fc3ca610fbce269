import assert from "node:assert/strict";
import fc from "fast-check";
import type { EnvironmentInput } from "../../environments/schema/environment.ts";
import { formatProblem } from "../../environments/schema/problems.ts";
import { planFront } from "../../planning/front.ts";
import { nginxConfig } from "../../planning/front/config.ts";
import { FRONT_PATHS, type FrontSettings } from "../../planning/front/settings.ts";
import type { FrontPlan } from "../../planning/types.ts";
import { environmentOf, SMALL, withModel } from "./support/environments.ts";
import { planOf, secretsOf } from "./support/stacks.ts";

const OTHER = { ...SMALL, name: "other", servedName: "other-model", maxModelLength: 4096 };

function frontOf(settings: Partial<EnvironmentInput> = {}): FrontPlan {
  return planOf(environmentOf(settings)).front;
}

function configOf(settings: Partial<EnvironmentInput> = {}): string {
  return frontOf(settings).workload.files["nginx.conf"] ?? "";
}

/** Values of a directive, in order. */
function directive(config: string, name: string): string[] {
  return [...config.matchAll(new RegExp(`^\\s*${name} (.*);$`, "gm"))].map((match) => match[1] ?? "");
}

describe("the front's routes", () => {
  it("lead from each served name to the router of its model, in the environment's order", () => {
    const { routes } = frontOf({ models: [SMALL, OTHER] });
    assert.deepEqual(routes, [
      { servedName: "Qwen/Qwen3-8B", model: "small", address: "router-small.vllm-test.svc.cluster.local:8000" },
      { servedName: "other-model", model: "other", address: "router-other.vllm-test.svc.cluster.local:8000" },
    ]);
  });

  it("are what the script reads, with the length of each model", () => {
    const { files } = frontOf({ models: [SMALL, OTHER] }).workload;
    assert.deepEqual(JSON.parse(files["front.json"] ?? ""), {
      engineKeyFile: "/etc/front-engine-key/key",
      models: [
        { id: "Qwen/Qwen3-8B", upstream: "router-small", maxModelLength: 8192 },
        { id: "other-model", upstream: "router-other", maxModelLength: 4096 },
      ],
    });
  });

  it("have one upstream per router, with connections that are kept", () => {
    const config = configOf({ models: [SMALL, OTHER] });
    assert.deepEqual(
      [...config.matchAll(/^ {2}upstream (\S+) /gm)].map((match) => match[1]),
      ["router-small", "router-other"],
    );
    assert.deepEqual(directive(config, "server"), [
      "router-small.vllm-test.svc.cluster.local:8000",
      "router-other.vllm-test.svc.cluster.local:8000",
    ]);
    assert.deepEqual(directive(config, "keepalive"), ["64", "64"]);
  });

  it("lead from the names of LoRA adapters to the router of their model", () => {
    const extraArgs = [
      "--enable-lora",
      "--lora-modules",
      "sql=someone/sql",
      '{"name": "chat", "path": "someone/chat"}',
    ];
    const { routes } = frontOf({ models: [{ ...SMALL, extraArgs }, OTHER] });
    assert.deepEqual(
      routes.map(({ servedName, model }) => [servedName, model]),
      [
        ["Qwen/Qwen3-8B", "small"],
        ["sql", "small"],
        ["chat", "small"],
        ["other-model", "other"],
      ],
    );
  });

  it("lead to adapters in every spelling of the flag vLLM takes", () => {
    for (const words of [["--lora-modules=sql=/models/sql"], ["--lora_modules", "sql=/models/sql"]]) {
      const extraArgs = ["--enable-lora", ...words];
      const weights = { kind: "claim", name: "weights", accessMode: "ReadWriteOnce" } as const;
      const { routes } = frontOf({ models: [{ ...SMALL, weights, extraArgs }] });
      assert.deepEqual(
        routes.map(({ servedName }) => servedName),
        ["Qwen/Qwen3-8B", "sql"],
      );
    }
  });

  it("refuse an adapter that is called like another model", () => {
    const extraArgs = ["--enable-lora", "--lora-modules", "other-model=someone/x"];
    assert.throws(() => planOf(environmentOf({ models: [OTHER, { ...SMALL, extraArgs }] })), {
      name: "EnvironmentError",
      message:
        /models\[1\]\.extraArgs: --lora-modules other-model – is a name something else is served under\. Give the adapter/,
    });
  });
});

describe("the front's keys and limits", () => {
  it("come from the environment", () => {
    const access = { keys: [{ name: "team" }, { name: "ci-jobs", requestsPerMinute: 90 }] };
    assert.deepEqual(frontOf({ access }).keys, [
      { name: "team", requestsPerMinute: null },
      { name: "ci-jobs", requestsPerMinute: 90 },
    ]);
    const config = configOf({ access });
    assert.deepEqual(directive(config, "limit_req_zone"), [
      "$front_limit_ci_jobs zone=front_limit_ci_jobs:64k rate=90r/m",
    ]);
    assert.deepEqual(directive(config, "limit_req"), ["zone=front_limit_ci_jobs burst=89 nodelay"]);
  });

  it("are counted for a key alone even if it is called like a word of nginx", () => {
    const config = configOf({ access: { keys: [{ name: "default", requestsPerMinute: 60 }] } });
    assert.match(
      config,
      /map \$front_caller \$front_limit_default \{\n\s*default "";\n\s*"\\\\default" \$front_caller;/,
    );
  });

  it("are not there where no key has one", () => {
    assert.doesNotMatch(configOf(), /limit_req|front_retry_after/);
  });

  it("refuse two keys of one name", () => {
    const environment = environmentOf({ access: { keys: [{ name: "team" }, { name: "ci" }, { name: "team" }] } });
    assert.deepEqual(planFront("test", environment, [], []).problems.map(formatProblem), [
      "access.keys[2].name: team – stands in the list twice. Give each key its own name.",
    ]);
  });

  it("warn where the list is empty, and mount no digests there", () => {
    const environment = environmentOf({ access: { keys: [] } });
    const { front, warnings } = planFront("test", environment, [], []);
    assert.match(warnings[0]?.text ?? "", /everybody in the cluster/);
    assert.deepEqual(secretsOf(front.workload.pod), ["engine-key"]);
    assert.deepEqual(secretsOf(frontOf().workload.pod), ["api-keys", "engine-key"]);
  });

  it("bound a body in memory, in one piece, and the time of a request", () => {
    const config = configOf({ access: { maxBodyMiB: 7 }, router: { requestTimeoutSeconds: 45 } });
    assert.deepEqual(directive(config, "client_max_body_size"), ["7m"]);
    assert.deepEqual(directive(config, "client_body_buffer_size"), ["7m"]);
    assert.deepEqual(directive(config, "client_body_in_single_buffer"), ["on"]);
    assert.deepEqual(directive(config, "proxy_read_timeout"), ["45s"]);
  });
});

describe("sessions", () => {
  const images = { overrides: { vllmRouter: "example.com/vllm-router:0.1.17" } };
  const routing = { policy: "session", sessionKey: "X-User-Id" } as const;

  it("are filled in for vllm-router, which sends all requests without one to the same engine", () => {
    const config = configOf({ images, router: { implementation: "vllm-router", routing } });
    assert.ok(directive(config, "proxy_set_header").includes("x-user-id $front_session_x_user_id"));
    assert.match(config, /map \$http_x_user_id \$front_session_x_user_id \{\n\s*"" \$front_request_id;/);
  });

  it("are left to the client otherwise", () => {
    assert.doesNotMatch(configOf({ router: { implementation: "production-stack", routing } }), /front_session/);
    assert.doesNotMatch(configOf({ images, router: { implementation: "vllm-router" } }), /front_session/);
  });

  it("are filled in once, whatever models say the same", () => {
    const models = [SMALL, OTHER].map((model) => ({ ...model, routing }));
    const config = configOf({ images, models, router: { implementation: "vllm-router" } });
    assert.equal(config.match(/map \$http_x_user_id/g)?.length, 1);
  });
});

describe("nginx.conf", () => {
  it("hands streams on unbuffered and asks a router once", () => {
    const config = configOf();
    assert.deepEqual(directive(config, "proxy_buffering"), ["off"]);
    assert.deepEqual(directive(config, "proxy_http_version"), ["1.1"]);
    assert.deepEqual(directive(config, "proxy_next_upstream"), ["off"]);
  });

  it("checks the key before it reads a body", () => {
    const location = /location \/v1\/ \{([\s\S]*?)js_content/.exec(configOf())?.[1] ?? "";
    assert.match(location, /if \(\$front_caller = ""\) \{\s*return 401;/);
  });

  it("logs no header, no query and no body", () => {
    const format = /log_format front[\s\S]*?;/.exec(configOf())?.[0] ?? "";
    const variables = [...format.matchAll(/\$[a-z_0-9]+/g)].map(([variable]) => variable);
    assert.ok(variables.includes("$front_caller"));
    for (const variable of variables) {
      assert.doesNotMatch(variable, /^\$(http_|sent_http_|request_uri|request$|args|query|arg_|cookie|request_body)/);
    }
  });

  it("writes below /tmp alone, and listens on ports every user may have", () => {
    const config = configOf();
    const written = ["pid", ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path`)];
    for (const name of written) assert.match(directive(config, name)[0] ?? "", /^\/tmp\//, name);
    assert.deepEqual(directive(config, "listen"), ["8000", "8081"]);
    assert.deepEqual(directive(config, "user"), []);
  });

  it("answers nginx's own errors in OpenAI's form", () => {
    const answers = [...configOf().matchAll(/return ([45][0-9]{2}) '(.*)';/g)];
    const statuses = answers.map((match) => Number(match[1]));
    assert.deepEqual(statuses, [400, 401, 404, 405, 408, 413, 500, 502, 503, 504]);
    for (const [, status = "", body = ""] of answers) {
      const { error } = JSON.parse(body) as { error: Record<string, unknown> };
      assert.deepEqual(Object.keys(error), ["message", "type", "param", "code"], status);
      assert.match(String(error.type), Number(status) < 500 ? /^invalid_request_error$/ : /^server_error$/);
    }
  });

  it("has balanced braces and complete lines for any names and numbers", () => {
    const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,10}[a-z0-9])?$/);
    const settings: fc.Arbitrary<FrontSettings> = fc.record({
      routes: fc.array(
        fc.record({
          servedName: fc.string({ minLength: 1 }),
          model: name,
          router: name,
          address: fc.constant("router:8000"),
          maxModelLength: fc.nat(),
        }),
      ),
      keys: fc.uniqueArray(fc.record({ name, requestsPerMinute: fc.option(fc.integer({ min: 1, max: 100_000 })) }), {
        selector: (key) => key.name,
      }),
      sessionHeaders: fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/), {
        selector: (key) => key.toLowerCase(),
      }),
      maxBodyMiB: fc.integer({ min: 1, max: 64 }),
      requestTimeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
      drainSeconds: fc.nat(3600),
    });
    fc.assert(
      fc.property(settings, (value) => {
        let depth = 0;
        const code = nginxConfig(value).replace(/'[^']*'|"(\\.|[^"\\])*"/g, '""');
        for (const line of code.split("\n").map((text) => text.trim())) {
          if (line === "" || line.startsWith("#") || line.startsWith("log_format") || line === '""') continue;
          assert.match(line, /[;{}]$/, line);
          depth += (line.endsWith("{") ? 1 : 0) - (line === "}" ? 1 : 0);
          assert.ok(depth >= 0);
        }
        assert.equal(depth, 0);
      }),
    );
  });
});

describe("the pod of the front", () => {
  it("has the files where nginx looks for them, and nothing else it may write", () => {
    const { mounts, command, security } = frontOf().workload.pod;
    assert.deepEqual(
      mounts.map(({ path, readOnly }) => [path, readOnly]),
      [
        [FRONT_PATHS.config, true],
        [FRONT_PATHS.keys, true],
        [FRONT_PATHS.engineKey, true],
        ["/tmp", false],
      ],
    );
    assert.ok(command?.includes("/etc/front/nginx.conf"));
    assert.deepEqual([security.runAsUser, security.readOnlyRootFilesystem], [101, true]);
  });

  it("is asked for its health on the port clients don't reach", () => {
    const { pod, service } = frontOf().workload;
    assert.deepEqual(
      [pod.probes.readiness?.http, pod.probes.liveness?.http],
      Array(2).fill({ path: "/health", port: "status" }),
    );
    assert.deepEqual(service?.ports, [{ name: "http", port: 8000, target: "http" }]);
  });

  it("has memory for the largest bodies it may hold", () => {
    const limit = (maxBodyMiB: number) => frontOf({ access: { maxBodyMiB } }).workload.pod.resources.limits.memory;
    assert.deepEqual([limit(1), limit(16), limit(64)], ["158Mi", "608Mi", "2048Mi"]);
  });

  it("waits for the longest answers of all models when it stops", () => {
    const models = [
      { ...SMALL, drainSeconds: 60 },
      { ...OTHER, drainSeconds: 400 },
    ];
    const { pod } = frontOf({ models }).workload;
    assert.ok(pod.terminationGracePeriodSeconds >= pod.preStopSeconds + 400);
    assert.deepEqual(directive(configOf({ models }), "worker_shutdown_timeout"), ["400s"]);
  });

  it("is reached under one address, with the API's version in it", () => {
    assert.equal(frontOf().endpoint, "http://front.vllm-test.svc.cluster.local:8000/v1");
    assert.equal(planOf(withModel({}, { access: { replicas: 3 } })).front.workload.replicas, 3);
  });
});
