import assert from "node:assert/strict";
import { isUnified, parseHierarchies } from "../../../rehearsal/cluster/cgroups.ts";
import { checkTools, hostProblems, type HostFacts } from "../../../rehearsal/cluster/host.ts";
import { sandboxImage } from "../../../rehearsal/cluster/images.ts";
import { clusterId } from "../../../rehearsal/cluster/layout.ts";
import { clusterTools } from "../../../rehearsal/cluster/tools.ts";

const UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev 0 0";
const VERSION_1 = ["cpu,cpuacct", "cpuset", "memory"].map(
  (controllers) => `cgroup /sys/fs/cgroup/${controllers} cgroup rw,relatime,${controllers} 0 0`,
);
const HYBRID = [...VERSION_1, "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0"];

const goodHost: HostFacts = {
  platform: "linux",
  userId: 0,
  hierarchies: parseHierarchies(UNIFIED),
  hasNamespaces: true,
  capabilities: 0x1ff_ffff_ffffn,
  inotifyInstances: 128,
};

const problemsOf = (change: Partial<HostFacts>) => hostProblems({ ...goodHost, ...change });
const messagesOf = (change: Partial<HostFacts>) => problemsOf(change).map(({ message }) => message);

describe("control groups", () => {
  it("are recognised on unified, version 1 and hybrid hosts", () => {
    assert.equal(isUnified(parseHierarchies(UNIFIED)), true);
    assert.equal(isUnified(parseHierarchies(VERSION_1.join("\n"))), false);
    assert.equal(isUnified(parseHierarchies(HYBRID.join("\n"))), false);
    assert.deepEqual(
      parseHierarchies(["proc /proc proc rw 0 0", ...HYBRID].join("\n")).map(({ version }) => version),
      [1, 1, 1, 2],
    );
  });
});

describe("a host for the embedded cluster", () => {
  it("may have control groups of either version, or both", () => {
    for (const mounts of [UNIFIED, VERSION_1.join("\n"), HYBRID.join("\n")]) {
      assert.deepEqual(problemsOf({ hierarchies: parseHierarchies(mounts) }), []);
    }
  });

  it("is Linux; elsewhere one sentence says what to use instead", () => {
    assert.deepEqual(messagesOf({ platform: "darwin", userId: 501, hasNamespaces: false }), [
      "The embedded cluster needs Linux; this is darwin. Use a cluster of your own (kind, k3d, …) with --context NAME, or a Linux machine.",
    ]);
  });

  it("is used as root; one sentence says how, whatever else is missing", () => {
    const messages = messagesOf({ userId: 1000, capabilities: 0n });
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? "", /needs root \(this is user 1000\).*sudo/);
  });

  it("is not an ordinary container, whose root may do little", () => {
    assert.match(messagesOf({ capabilities: 0xa80425fbn }).join(), /CAP_SYS_ADMIN, CAP_NET_ADMIN.*--privileged/);
  });

  it("has control groups with the controllers Kubernetes needs", () => {
    assert.match(messagesOf({ hierarchies: [] }).join(), /No control groups are mounted/);
    const withoutMemory = parseHierarchies(VERSION_1.filter((line) => !line.includes("memory")).join("\n"));
    assert.match(messagesOf({ hierarchies: withoutMemory }).join(), /controllers memory are not mounted/);
  });

  it("has namespaces and room for file watches", () => {
    assert.match(messagesOf({ hasNamespaces: false }).join(), /CONFIG_NAMESPACES/);
    assert.match(messagesOf({ inotifyInstances: 32 }).join(), /max_user_instances is 32.*sysctl/);
  });
});

describe("a cluster's folder and tools", () => {
  const tools = clusterTools({ bin: (name) => `/usr/bin/${name}`, debian: { bin: "/run/tools", cni: "cni" } });
  const problems = (stateDir: string) =>
    checkTools(tools, stateDir)
      .map(({ message }) => message)
      .join("\n");

  it("must exist: a missing program is named with its path", () => {
    assert.match(problems("/tmp/a"), /kubeApiserver: \/usr\/bin\/kube-apiserver is not an executable file/);
    assert.match(problems("/tmp/a"), /containerd: \/run\/tools\/containerd is not an executable file/);
  });

  it("may not lie where the cluster's node has folders of its own", () => {
    assert.match(problems("/var/lib/a"), /\/var\/lib\/a: the cluster covers \/var\/lib/);
    assert.match(problems("/tmp/a"), /\/run\/tools: the cluster covers \/run/);
    assert.doesNotMatch(problems("/var/library"), /covers \/var\/lib\b(?!rary)/);
  });

  it("must be absolute paths, short enough for sockets", () => {
    assert.match(problems("/tmp/a"), /cni: not an absolute path/);
    assert.match(problems(`/tmp/${"x".repeat(100)}`), /\d+ bytes too long, because sockets/);
  });

  it("mark everything of a cluster, the same for every way of writing the path", () => {
    assert.equal(clusterId("/tmp/a"), clusterId("/tmp/b/../a/"));
    assert.notEqual(clusterId("/tmp/a"), clusterId("/tmp/b"));
  });
});

describe("the images of a cluster", () => {
  it("contain the one pods are started from", () => {
    const images = ["localhost/x/front:1", "localhost/x/pause:1"].map((reference) => ({ reference, path: "/i" }));
    assert.equal(sandboxImage(images), "localhost/x/pause:1");
    assert.throws(() => sandboxImage(images.slice(0, 1)), /localhost\/x\/front:1 – no sandbox image/);
  });
});
