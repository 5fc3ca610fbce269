import assert from "node:assert/strict";
import { describeFlagProblem } from "../../catalog/flags.ts";
import { checkRouterArguments, implementationsWith, router, routerImplementations } from "../../catalog/routers.ts";
import type { RouterImplementation } from "../../catalog/routers.ts";

const told = (implementation: RouterImplementation, line: string): readonly string[] =>
  checkRouterArguments(implementation, line.split(" ")).map(
    (problem) => `${problem.severity}: ${describeFlagProblem(problem)}`,
  );

describe("catalog: routers", () => {
  it("keeps the two programs of the same name apart", () => {
    assert.equal(router("vllm-router").flags.flags.length, 71);
    assert.equal(router("vllm-router", "0.1.14").flags.flags.length, 58);
    assert.equal(router("production-stack").flags.flags.length, 56);
    assert.match(
      told("vllm-router", "--routing-logic roundrobin").join(),
      /is not a flag of vllm-router \(vllm-project\/router\) 0\.1\.17/,
    );
  });

  it("writes every policy as a value its program takes", () => {
    for (const name of routerImplementations) {
      const { policies, policyFlag, flags } = router(name);
      const choices = flags.flags.find((flag) => flag.name === policyFlag)?.choices ?? [];
      for (const { value } of Object.values(policies)) assert.ok(choices.includes(value), `${name} ${value}`);
    }
  });

  it("keeps flags and policies of a newer version from an older one", () => {
    const older = (line: string) =>
      checkRouterArguments("vllm-router", line.split(" "), "0.1.14").map(describeFlagProblem).join();
    assert.equal(router("vllm-router", "0.1.14").policies.kvAware, undefined);
    assert.equal(router("vllm-router").policies.kvAware?.value, "kv_aware");
    assert.match(older("--policy kv_aware"), /"kv_aware" is not one of its values/);
    assert.match(older("--router-temperature 0.5"), /it came with 0\.1\.17/);
    assert.deepEqual(checkRouterArguments("vllm-router", ["--policy", "kv_aware"]), []);
    assert.deepEqual(implementationsWith("kvAware"), ["production-stack", "vllm-router"]);
  });

  it("knows who has which policy", () => {
    assert.deepEqual(implementationsWith("prefixAware"), ["production-stack", "vllm-router"]);
    assert.deepEqual(implementationsWith("leastLoaded"), ["vllm-router"]);
    assert.equal(router("vllm-router").policies.prefixAware?.statePerReplica, true);
    assert.equal(router("vllm-router").policies.roundRobin?.statePerReplica, false);
  });

  it("accepts the command lines of both", () => {
    const python =
      "--host 0.0.0.0 --port 8001 --service-discovery k8s --k8s-namespace llm --k8s-label-selector app=engine --k8s-port 8000 --routing-logic session --session-key x-user";
    assert.deepEqual(told("production-stack", python), []);
    const rust =
      "--host 0.0.0.0 --port 8001 --service-discovery --selector app=engine model=a --service-discovery-port 8000 --service-discovery-namespace llm --policy cache_aware --prometheus-host 0.0.0.0";
    assert.deepEqual(told("vllm-router", rust), []);
  });

  it("names what a setting needs", () => {
    assert.match(
      told("production-stack", "--service-discovery k8s --routing-logic session").join(),
      /--session-key – is needed with --routing-logic session/,
    );
    assert.match(
      told("production-stack", "--service-discovery static --routing-logic roundrobin").join(),
      /--static-backends – is needed with/,
    );
    assert.match(told("production-stack", "--service-discovery k8s").join(), /--routing-logic – is needed\./);
  });

  it("warns about flags without effect", () => {
    const line = "--service-discovery k8s --routing-logic roundrobin --kv-aware-threshold 10";
    assert.match(
      told("production-stack", line).join(),
      /^warning: --kv-aware-threshold – has no effect without --routing-logic kvaware/,
    );
    assert.match(told("vllm-router", "--selector app=x").join(), /has no effect without --service-discovery/);
  });

  it("refuses a policy the program does not have", () => {
    assert.match(told("vllm-router", "--policy roundrobin").join(), /Did you mean "round_robin"/);
  });
});
