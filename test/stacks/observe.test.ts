import assert from "node:assert/strict";
import { join } from "node:path";
import { EnvironmentError } from "../../environments/schema/problems.ts";
import { kubeconfigContexts, kubeconfigFiles, requireContext } from "../../stacks/observe.ts";
import { useKubeconfig } from "../support/kubeconfig.ts";

describe("the local kubeconfig", () => {
  it("is what KUBECONFIG lists, or the one in the home folder", () => {
    assert.deepEqual(kubeconfigFiles({ KUBECONFIG: "/a:/b:", HOME: "/home/me" }), ["/a", "/b"]);
    assert.deepEqual(kubeconfigFiles({ HOME: "/home/me" }), [join("/home/me", ".kube", "config")]);
  });

  it("has the contexts of all its files, and none of files that don't exist", () => {
    const restore = useKubeconfig("b", "a");
    assert.deepEqual(kubeconfigContexts([...kubeconfigFiles(), "/does/not/exist"]), ["a", "b"]);
    restore();
    assert.deepEqual(kubeconfigContexts([import.meta.dirname, import.meta.filename]), [], "a folder, and no YAML");
  });

  it("is asked for a context before anything is planned for it", () => {
    const restore = useKubeconfig("kind-kind", "production");
    requireContext("here", "production");
    assert.throws(
      () => {
        requireContext("here", "kind-kin");
      },
      (error) =>
        error instanceof EnvironmentError &&
        /kind-kin – is not a context of .*Did you mean kind-kind\?/.test(error.message),
    );
    restore();
  });

  it("without any context is said to be empty, with what to do", () => {
    const restore = useKubeconfig();
    assert.throws(() => {
      requireContext("here", "kind-kind");
    }, /No context is there: create a cluster, or point KUBECONFIG/);
    restore();
  });
});
