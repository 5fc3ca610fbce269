import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { isUsuallyNamespaced, kindOf, kindOfToken } from "../../../rehearsal/kubernetes-provider/kinds.ts";

/** Every type token of the installed SDK with the API version and kind its class sends. */
function sdkKinds(): readonly (readonly [token: string, apiVersion: string, kind: string])[] {
  const sdk = path.dirname(createRequire(import.meta.url).resolve("@pulumi/kubernetes/package.json"));
  return globSync("*/v*/*.js", { cwd: sdk }).flatMap((file) => {
    const source = readFileSync(path.join(sdk, file), "utf8");
    const token = /__pulumiType = '([^']+)'/.exec(source)?.[1];
    const apiVersion = /resourceInputs\["apiVersion"\] = "([^"]+)"/.exec(source)?.[1];
    const kind = /resourceInputs\["kind"\] = "([^"]+)"/.exec(source)?.[1];
    return token === undefined || apiVersion === undefined || kind === undefined ? [] : [[token, apiVersion, kind]];
  });
}

describe("type tokens of @pulumi/kubernetes", () => {
  it("mean the API version and kind that every class of the SDK sends", () => {
    const objects = sdkKinds().filter(
      ([token, , kind]) => token.endsWith(`:${kind}`) && !kind.endsWith("List") && !token.includes(":meta/"),
    );
    assert.ok(objects.length > 150, `only ${objects.length} classes were found`);
    for (const [token, apiVersion, kind] of objects) {
      assert.deepEqual(kindOfToken(token), { apiVersion, kind }, token);
    }
  });

  it("mean a custom resource where the group is nobody's", () => {
    const token = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor";
    assert.deepEqual(kindOfToken(token), { apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor" });
  });

  it("mean nothing where they stand for helpers of the provider", () => {
    for (const token of [
      "kubernetes:helm.sh/v4:Chart",
      "kubernetes:yaml/v2:ConfigGroup",
      "kubernetes:yaml:ConfigFile",
    ]) {
      assert.equal(kindOfToken(token), undefined, token);
    }
  });

  it("are refused for patches and lists, with what to do instead", () => {
    const patch = () => kindOf("kubernetes:core/v1:NamespacePatch", { apiVersion: "v1", kind: "Namespace" });
    assert.throws(patch, { message: /^NamespacePatch: patches .* not supported .* Register the object itself\./ });
    const list = () => kindOf("kubernetes:core/v1:PodList", { kind: "PodList", items: [] });
    assert.throws(list, { message: /^PodList: lists .* Register each object on its own\./ });
  });

  it("are refused when the object says something else", () => {
    const contradiction = () => kindOf("kubernetes:apps/v1:Deployment", { kind: "DaemonSet" });
    assert.throws(contradiction, { message: /^apps\/v1 DaemonSet – contradicts .* apps\/v1 Deployment/ });
  });

  it("tell what lives in namespaces", () => {
    assert.equal(isUsuallyNamespaced({ apiVersion: "v1", kind: "Service" }), true);
    assert.equal(isUsuallyNamespaced({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" }), false);
    assert.equal(isUsuallyNamespaced({ apiVersion: "example.com/v1", kind: "Namespace" }), true);
  });
});
