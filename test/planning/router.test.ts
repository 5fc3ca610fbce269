import assert from "node:assert/strict";
import fc from "fast-check";
import { checkRouterArguments } from "../../catalog/routers.ts";
import type { EnvironmentInput } from "../../environments/schema/environment.ts";
import { formatProblem } from "../../environments/schema/problems.ts";
import { API_PORT } from "../../planning/names.ts";
import { environmentOf, SMALL, withModel } from "./support/environments.ts";
import { firstRouter, flagOf, secretsOf } from "./support/stacks.ts";

type RouterInput = NonNullable<EnvironmentInput["router"]>;
type RoutingInput = NonNullable<RouterInput["routing"]>;

const IMPLEMENTATIONS = ["production-stack", "vllm-router"] as const;

function routerOf(router: RouterInput, settings: Partial<EnvironmentInput> = {}) {
  return firstRouter(environmentOf({ ...settings, router }));
}

function argumentsOf(router: RouterInput, settings: Partial<EnvironmentInput> = {}): readonly string[] {
  return routerOf(router, settings).router.workload.pod.args ?? [];
}

describe("the arguments of a router", () => {
  const policies: readonly [(typeof IMPLEMENTATIONS)[number], RoutingInput, Record<string, string>][] = [
    ["production-stack", { policy: "roundRobin" }, { "--routing-logic": "roundrobin" }],
    [
      "production-stack",
      { policy: "session", sessionKey: "X-Conversation" },
      { "--routing-logic": "session", "--session-key": "X-Conversation" },
    ],
    ["production-stack", { policy: "prefixAware" }, { "--routing-logic": "prefixaware" }],
    ["vllm-router", { policy: "roundRobin" }, { "--policy": "round_robin" }],
    ["vllm-router", { policy: "session" }, { "--policy": "consistent_hash" }],
    [
      "vllm-router",
      { policy: "prefixAware", cacheThreshold: 0.7, balanceAbsoluteThreshold: 0, balanceRelativeThreshold: 1.2 },
      {
        "--policy": "cache_aware",
        "--cache-threshold": "0.7",
        "--balance-abs-threshold": "0",
        "--balance-rel-threshold": "1.2",
      },
    ],
  ];
  for (const [implementation, routing, expected] of policies) {
    it(`say ${routing.policy} in the words of ${implementation}`, () => {
      const { router, problems } = routerOf({ implementation, routing });
      assert.deepEqual(problems, []);
      assert.equal(router.policy, routing.policy);
      for (const [flag, value] of Object.entries(expected)) assert.equal(flagOf(router.workload.pod.args, flag), value);
    });
  }

  it("find the engines of the model alone: by its labels, in the stack's namespace, on the API port", () => {
    const stack = argumentsOf({ implementation: "production-stack" });
    const selector = "vllm-stack/environment=test,vllm-stack/component=engine,vllm-stack/model=small";
    assert.equal(flagOf(stack, "--service-discovery"), "k8s");
    assert.equal(flagOf(stack, "--k8s-namespace"), "vllm-test");
    assert.equal(flagOf(stack, "--k8s-port"), String(API_PORT));
    assert.equal(flagOf(stack, "--k8s-label-selector"), selector);

    const rust = argumentsOf({ implementation: "vllm-router" });
    const at = rust.indexOf("--selector");
    assert.deepEqual(rust.slice(at + 1, at + 4), selector.split(","));
    assert.equal(flagOf(rust, "--service-discovery-namespace"), "vllm-test");
    assert.equal(flagOf(rust, "--service-discovery-port"), String(API_PORT));
  });

  it("are reachable from other pods, metrics included", () => {
    const rust = argumentsOf({ implementation: "vllm-router" });
    assert.deepEqual([flagOf(rust, "--host"), flagOf(rust, "--prometheus-host")], ["0.0.0.0", "0.0.0.0"]);
    assert.equal(flagOf(argumentsOf({ implementation: "production-stack" }), "--host"), "0.0.0.0");
  });

  it("hand on the environment's limits", () => {
    const router = { implementation: "vllm-router", requestTimeoutSeconds: 90, logLevel: "debug" } as const;
    const rust = argumentsOf(router, { access: { maxBodyMiB: 3 } });
    assert.equal(flagOf(rust, "--request-timeout-secs"), "90");
    assert.equal(flagOf(rust, "--max-payload-size"), String(3 * 1024 * 1024));
    assert.equal(flagOf(rust, "--log-level"), "debug");
  });

  it("send a request that meets a dying engine to another one", () => {
    const stack = argumentsOf({ implementation: "production-stack" });
    assert.ok(Number(flagOf(stack, "--max-instance-failover-reroute-attempts")) >= 1);
  });

  it("are accepted by the program, whatever the environment says", () => {
    const routing = fc.oneof(
      fc.constant<RoutingInput>({ policy: "roundRobin" }),
      fc.record<RoutingInput>({ policy: fc.constant("session"), sessionKey: fc.constant("x-user-id") }),
      fc.record<RoutingInput>(
        {
          policy: fc.constant("prefixAware"),
          cacheThreshold: fc.double({ min: 0, max: 1, noNaN: true }),
          balanceAbsoluteThreshold: fc.nat(1000),
          balanceRelativeThreshold: fc.double({ min: 1, max: 10, noNaN: true }),
        },
        { requiredKeys: ["policy"] },
      ),
    );
    const router = fc.record({
      implementation: fc.constantFrom(...IMPLEMENTATIONS),
      routing,
      requestTimeoutSeconds: fc.integer({ min: 1, max: 86_400 }),
      logLevel: fc.constantFrom("debug" as const, "info" as const, "warning" as const, "error" as const),
    });
    fc.assert(
      fc.property(router, (settings) => {
        const { problems, router: planned } = routerOf(settings);
        if (problems.length > 0) return;
        assert.deepEqual(checkRouterArguments(settings.implementation, planned.workload.pod.args ?? []), []);
      }),
      { numRuns: 200 },
    );
  });
});

describe("what an implementation lacks", () => {
  const lacking: readonly [string, RouterInput, string][] = [
    [
      "a prefix setting",
      { implementation: "production-stack", routing: { policy: "prefixAware", cacheThreshold: 0.5 } },
      "router.routing.cacheThreshold: 0.5 – is not a setting of production-stack, which always takes the longest shared " +
        "prefix. Leave it out, or set router.implementation: vllm-router.",
    ],
    [
      "a session header of one's own",
      { implementation: "vllm-router", routing: { policy: "session", sessionKey: "x-conversation" } },
      "router.routing.sessionKey: x-conversation – is not a header vllm-router reads; it knows x-session-id, x-user-id, " +
        "x-tenant-id. Use one of these, or set router.implementation: production-stack, which takes any.",
    ],
  ];
  for (const [what, router, message] of lacking) {
    it(`is refused with the name of the one that has it: ${what}`, () => {
      assert.deepEqual(routerOf(router).problems.map(formatProblem), [message]);
    });
  }

  it("is refused once for each setting, at the model that says it", () => {
    const routing = { policy: "prefixAware", balanceAbsoluteThreshold: 1, balanceRelativeThreshold: 2 } as const;
    const { problems } = firstRouter(withModel({ routing }));
    assert.deepEqual(
      problems.map(({ path }) => path),
      ["models[0].routing.balanceAbsoluteThreshold", "models[0].routing.balanceRelativeThreshold"],
    );
  });

  it("takes the headers vllm-router knows in any case", () => {
    const routing = { policy: "session", sessionKey: "X-Session-ID" } as const;
    assert.deepEqual(routerOf({ implementation: "vllm-router", routing }).problems, []);
  });
});

describe("how many routers a model has", () => {
  for (const implementation of IMPLEMENTATIONS) {
    it(`is two of ${implementation}, or one where each would know only what it routed itself`, () => {
      const count = (routing: RoutingInput) => routerOf({ implementation, routing }).router.workload.replicas;
      assert.deepEqual(
        [count({ policy: "roundRobin" }), count({ policy: "session" }), count({ policy: "prefixAware" })],
        [2, 2, 1],
      );
    });
  }

  it("comes with the reason", () => {
    assert.match(routerOf({ routing: { policy: "prefixAware" } }).router.replicasReason, /^one: .*prefixAware/);
    assert.match(routerOf({ routing: { policy: "roundRobin" } }).router.replicasReason, /^two: /);
    assert.match(routerOf({ replicas: 3 }).router.replicasReason, /^3, as router\.replicas says/);
  });

  it("is what the environment says, with a warning where that divides what routers know", () => {
    const { router, warnings } = routerOf({ replicas: 3, routing: { policy: "prefixAware" } });
    assert.equal(router.workload.replicas, 3);
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["router.replicas"],
    );
    assert.deepEqual(routerOf({ replicas: 3, routing: { policy: "session" } }).warnings, []);
    assert.deepEqual(routerOf({ replicas: 1, routing: { policy: "prefixAware" } }).warnings, []);
  });

  it("follows a model's own routing", () => {
    const environment = withModel(
      { routing: { policy: "roundRobin" } },
      { router: { routing: { policy: "prefixAware" } } },
    );
    const { router } = firstRouter(environment);
    assert.deepEqual([router.policy, router.workload.replicas], ["roundRobin", 2]);
  });
});

describe("the pod of a router", () => {
  it("is found under one address, where the front looks for it", () => {
    const { router } = routerOf({});
    assert.equal(router.address, "router-small.vllm-test.svc.cluster.local:8000");
    assert.deepEqual(router.workload.service?.ports, [{ name: "http", port: 8000, target: "http" }]);
  });

  it("may read pods and nothing else; patching is for sleep mode of the Python router alone", () => {
    const verbs = (implementation: (typeof IMPLEMENTATIONS)[number], extraArgs: string[]) =>
      firstRouter(withModel({ extraArgs }, { router: { implementation } })).router.workload.apiAccess;
    const reading = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] }];
    assert.deepEqual(verbs("production-stack", []), reading);
    assert.deepEqual(verbs("vllm-router", ["--enable-sleep-mode"]), reading);
    assert.deepEqual(verbs("production-stack", ["--enable-sleep-mode"])[0]?.verbs, ["get", "list", "watch", "patch"]);
  });

  it("holds the engines' key only where the program asks engines on its own account", () => {
    assert.deepEqual(secretsOf(routerOf({ implementation: "production-stack" }).router.workload.pod), ["engine-key"]);
    assert.deepEqual(secretsOf(routerOf({ implementation: "vllm-router" }).router.workload.pod), []);
  });

  it("is healthy without engines, so that none of them holds up a rollout or restarts it", () => {
    const path = (implementation: (typeof IMPLEMENTATIONS)[number]) => {
      const { startup, readiness, liveness } = routerOf({ implementation }).router.workload.pod.probes;
      return [startup, readiness, liveness].map((probe) => probe?.http?.path);
    };
    assert.deepEqual(path("vllm-router"), ["/liveness", "/liveness", "/liveness"]);
    assert.deepEqual(path("production-stack"), ["/health", "/health", "/health"]);
  });

  it("has time to finish its requests when it stops", () => {
    const { pod } = firstRouter(withModel({ drainSeconds: 300 })).router.workload;
    assert.ok(pod.terminationGracePeriodSeconds >= pod.preStopSeconds + 300);
  });

  it("takes processor and memory from the environment, field by field", () => {
    const { pod } = routerOf({ resources: { cpu: "2" } }).router.workload;
    assert.deepEqual(pod.resources, { requests: { cpu: "2", memory: "1Gi" }, limits: { memory: "1Gi" } });
  });

  it("is called and labelled by its model, so that two models have two routers", () => {
    const environment = environmentOf({ models: [SMALL, { ...SMALL, name: "other", servedName: "other" }] });
    const names = environment.models.map(
      (model) => firstRouter({ ...environment, models: [model] }).router.workload.name,
    );
    assert.deepEqual(names, ["router-small", "router-other"]);
  });
});
