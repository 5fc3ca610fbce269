import assert from "node:assert/strict";
import { UNKNOWN, type Properties } from "../../../rehearsal/clouds/values.ts";
import { checkSettings, diffSettings, readSettings } from "../../../rehearsal/kubernetes-provider/config.ts";
import { checkOf } from "./operations.ts";

/** A kubeconfig with two clusters, written as JSON. */
function kubeconfig(server = "https://one.example.com:6443", token = "s3cr3t-token"): string {
  return JSON.stringify({
    "current-context": "one",
    clusters: [
      { name: "one", cluster: { server } },
      { name: "two", cluster: { server: "https://two.example.com" } },
    ],
    users: [{ name: "admin", user: { token } }],
    contexts: [
      { name: "one", context: { cluster: "one", user: "admin", namespace: "serving" } },
      { name: "two", context: { cluster: "two", user: "admin" } },
    ],
  });
}

/** Whether a change of arguments replaces the provider, and with it every object. */
function replaces(oldInputs: Properties, inputs: Properties): boolean {
  const { differences } = diffSettings({ ...checkOf(inputs), oldInputs, oldOutputs: {}, id: "provider" });
  return differences.some((difference) => difference.replaces);
}

describe("the arguments of a kubernetes provider", () => {
  it("name the cluster by the kubeconfig's context, or by the one given", () => {
    const { server, namespace } = readSettings({ kubeconfig: kubeconfig() });
    assert.deepEqual([server, namespace], ["https://one.example.com:6443", "serving"]);
    const other = readSettings({ kubeconfig: kubeconfig(), context: "two" });
    assert.deepEqual([other.server, other.namespace], ["https://two.example.com", "default"]);
  });

  it("have booleans as JSON, as the SDK sends them", () => {
    assert.equal(readSettings({ kubeconfig: kubeconfig(), enablePatchForce: "true" }).force, true);
    assert.equal(readSettings({ kubeconfig: kubeconfig(), enablePatchForce: "false" }).force, false);
  });

  it("are refused for a context that doesn't exist, with those that do", () => {
    assert.deepEqual(checkSettings({ kubeconfig: kubeconfig(), context: "three" }), [
      { path: ["context"], reason: "context: three – not in the kubeconfig. The kubeconfig has: one, two." },
    ]);
  });

  it("are refused for an unreadable kubeconfig without quoting it", () => {
    const broken = checkSettings({ kubeconfig: "users:\n- { token: s3cr3t-token" })[0]?.reason;
    assert.match(broken ?? "", /^kubeconfig: not readable as a kubeconfig \(line \d+\)\.$/);
    const nameless = checkSettings({ kubeconfig: "clusters:\n- token: s3cr3t-token" })[0]?.reason;
    assert.equal(nameless, "kubeconfig: not readable as a kubeconfig (clusters[0].name is missing).");
    const [missing] = checkSettings({ kubeconfig: "/no/such/file" });
    assert.match(missing?.reason ?? "", /neither the content of a kubeconfig nor the path/);
  });

  it("are not judged while a preview doesn't know them", () => {
    assert.deepEqual(checkSettings({ kubeconfig: UNKNOWN }), []);
  });

  it("replace every object for another cluster, and nothing for another token or port of the same one", () => {
    const identified = (text: string, clusterIdentifier: string) => ({ kubeconfig: text, clusterIdentifier });
    assert.equal(
      replaces(identified(kubeconfig(), "a"), identified(kubeconfig("https://new.example.com"), "a")),
      false,
    );
    assert.equal(replaces(identified(kubeconfig(), "a"), identified(kubeconfig(), "b")), true);
    assert.equal(replaces({ kubeconfig: kubeconfig() }, { kubeconfig: kubeconfig(undefined, "other") }), false);
    assert.equal(replaces({ kubeconfig: kubeconfig() }, { kubeconfig: kubeconfig("https://new.example.com") }), true);
  });
});
