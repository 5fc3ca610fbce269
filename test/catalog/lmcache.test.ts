import assert from "node:assert/strict";
import { describeFlagProblem } from "../../catalog/flags.ts";
import {
  checkLmcacheSettings,
  checkServerArguments,
  connectorKeys,
  environmentName,
  findSetting,
} from "../../catalog/lmcache.ts";

const told = (settings: Readonly<Record<string, unknown>>, version = "0.5.5"): readonly string[] =>
  checkLmcacheSettings(settings, version).map(
    ({ severity, key, rule, remedy }) => `${severity}: ${key} ${rule}. ${remedy}`,
  );

const server = (version: string, line: string): readonly string[] =>
  checkServerArguments(version, line.split(" ")).map(
    (problem) => `${problem.severity}: ${describeFlagProblem(problem)}`,
  );

describe("catalog: settings of LMCache", () => {
  it("names the environment variable of a setting, also where that stutters", () => {
    assert.equal(environmentName("chunk_size"), "LMCACHE_CHUNK_SIZE");
    assert.equal(environmentName("lmcache_instance_id"), "LMCACHE_LMCACHE_INSTANCE_ID");
  });

  it("accepts a CPU and disk cache", () => {
    assert.deepEqual(
      told({
        chunk_size: 256,
        local_cpu: true,
        max_local_cpu_size: "20",
        local_disk: "/cache",
        max_local_disk_size: 100,
      }),
      [],
    );
  });

  it("refuses what LMCache would drop without an error: typing mistakes, old names, wrong kinds", () => {
    assert.match(
      told({ local_cp: true }).join(),
      /is no setting of LMCache, which would drop it\. Did you mean "local_cpu"/,
    );
    assert.match(
      told({ nixl_role: "sender" }).join(),
      /^error: nixl_role is an old name that LMCache drops\. Use pd_role/,
    );
    assert.match(
      told({ plugin_locations: "x" }).join(),
      /^warning: plugin_locations is an old name\. Use runtime_plugin_locations/,
    );
    assert.match(told({ local_cpu: "yes" }).join(), /"yes" would be taken for false/);
    assert.match(told({ chunk_size: "big" }).join(), /is not a whole number/);
    assert.match(told({ remote_serde: "zip" }).join(), /Use naive, kivi, cachegen/);
    assert.deepEqual(told({ cache_policy: "lru" }), []);
  });

  it("knows which settings came with 0.5.6", () => {
    assert.equal(findSetting("run_script_api_enabled", "0.5.5"), undefined);
    assert.match(told({ run_script_api_enabled: true }, "0.5.5").join(), /needs LMCache 0\.5\.6/);
    assert.match(told({ run_script_api_enabled: true }, "0.5.6").join(), /^warning: .*run code in the engine/);
  });

  it("refuses combinations LMCache does not start with", () => {
    const pd = { enable_pd: true, pd_role: "sender", pd_buffer_size: 1e9, pd_buffer_device: "cuda" };
    assert.deepEqual(told(pd), []);
    assert.match(told({ ...pd, enable_p2p: true }).join(), /enable_pd does not start together with enable_p2p/);
    assert.match(told({ enable_controller: true }).join(), /does not start without lmcache_instance_id/);
  });

  it("has the connector's keys, with those of 0.5.6 apart", () => {
    const keys = (version: string): readonly string[] => connectorKeys(version).map(({ key }) => key);
    assert.ok(keys("0.5.6").includes("lmcache.mp.autostart") && !keys("0.5.5").includes("lmcache.mp.autostart"));
    assert.ok(keys("0.5.5").includes("lmcache.mp.host"));
  });
});

describe("catalog: lmcache server", () => {
  it("wants a size and a policy", () => {
    assert.deepEqual(server("0.5.6", "--l1-size-gb 20 --eviction-policy LRU"), []);
    assert.match(server("0.5.6", "--host 127.0.0.1").join(), /--l1-size-gb – is needed.*--eviction-policy – is needed/);
  });

  it("warns when a port without authentication can be reached, also where that is the default", () => {
    assert.match(
      server("0.5.5", "--l1-size-gb 20 --eviction-policy LRU").join(),
      /^warning: --http-host – 0\.0\.0\.0 can be reached/,
    );
    assert.deepEqual(server("0.5.5", "--l1-size-gb 20 --eviction-policy LRU --http-host 127.0.0.1"), []);
    assert.match(server("0.5.6", "--l1-size-gb 20 --eviction-policy LRU --host 0.0.0.0").join(), /--host – 0\.0\.0\.0/);
  });
});
