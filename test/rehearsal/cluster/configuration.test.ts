import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { apiserverArguments, controllerManagerArguments } from "../../../rehearsal/cluster/config/control-plane.ts";
import { credentialsOf, writeCredentials } from "../../../rehearsal/cluster/config/credentials.ts";
import { renderCorefile } from "../../../rehearsal/cluster/config/dns.ts";
import {
  renderContainerdConfig,
  renderKubeletConfig,
  renderPodNetwork,
  renderProxyConfig,
} from "../../../rehearsal/cluster/config/node.ts";
import { bootstrapObjects } from "../../../rehearsal/cluster/config/objects.ts";
import { renderStages } from "../../../rehearsal/cluster/config/stages.ts";
import { ADDRESSES, layoutOf } from "../../../rehearsal/cluster/layout.ts";
import { joinCommand, renderNamespaceScript } from "../../../rehearsal/cluster/namespaces.ts";

const layout = layoutOf("/clusters/a");
const credentials = credentialsOf(layout);

describe("the API server's arguments", () => {
  const parameters = apiserverArguments(credentials);

  it("turn on role-based access, the node authorizer and its admission plugin", () => {
    assert.ok(parameters.includes("--authorization-mode=Node,RBAC"));
    assert.ok(parameters.includes("--enable-admission-plugins=NodeRestriction"));
  });

  it("make it verify the kubelet, too", () => {
    assert.ok(parameters.includes(`--kubelet-certificate-authority=${credentials.authority}`));
  });

  it("sign service account tokens with the key the controller manager uses", () => {
    assert.ok(parameters.includes(`--service-account-signing-key-file=${credentials.serviceAccount.key}`));
    const manager = controllerManagerArguments(credentials);
    assert.ok(manager.includes(`--service-account-private-key-file=${credentials.serviceAccount.key}`));
  });
});

describe("the kubelet's configuration", () => {
  const schema = z.object({
    cgroupRoot: z.string(),
    clusterDNS: z.array(z.string()),
    authentication: z.object({ anonymous: z.object({ enabled: z.boolean() }) }),
    authorization: z.object({ mode: z.string() }),
    evictionHard: z.record(z.string(), z.string()),
    imageGCHighThresholdPercent: z.number(),
    failSwapOn: z.boolean(),
    failCgroupV1: z.boolean(),
  });
  const config = schema.parse(parse(renderKubeletConfig({ credentials, cgroup: "group", resolvConf: "/r" })));

  it("keeps the pods of every cluster in a control group of its own", () => {
    assert.equal(config.cgroupRoot, "/group");
  });

  it("gives pods the cluster's DNS Service", () => {
    const addresses = bootstrapObjects().map(({ object }) => JSON.stringify(object));
    assert.deepEqual(config.clusterDNS, [ADDRESSES.dnsService]);
    assert.ok(addresses.some((object) => object.includes(`"clusterIP":"${ADDRESSES.dnsService}"`)));
  });

  it("lets nobody in without credentials and permission", () => {
    assert.equal(config.authentication.anonymous.enabled, false);
    assert.equal(config.authorization.mode, "Webhook");
  });

  it("neither evicts pods nor deletes imported images because the host's disk is full", () => {
    assert.equal(config.evictionHard["nodefs.available"], "0%");
    assert.equal(config.evictionHard["imagefs.available"], "0%");
    assert.equal(config.imageGCHighThresholdPercent, 100);
  });

  it("accepts hosts with swap and with control groups of version 1", () => {
    assert.equal(config.failSwapOn, false);
    assert.equal(config.failCgroupV1, false);
  });
});

describe("containerd's configuration", () => {
  const settings = { sandboxImage: "localhost/pause:1", snapshotter: "native", runc: '/odd "path"/runc' } as const;
  const config = renderContainerdConfig({ ...settings, cniPlugins: "/cni", cniConfig: "/etc/cni" });

  it("names the sandbox image and the snapshotter the host can do", () => {
    assert.match(config, /sandbox_image = "localhost\/pause:1"/);
    assert.match(config, /snapshotter = "native"/);
  });

  it("quotes paths", () => {
    assert.ok(config.includes('BinaryName = "/odd \\"path\\"/runc"'));
  });

  it("asks for nothing that changes the host or needs CAP_SYS_RESOURCE", () => {
    assert.match(config, /disable_apparmor = true/);
    assert.match(config, /restrict_oom_score_adj = true/);
  });
});

describe("the pods' network", () => {
  it("routes every pod by itself, so that Services work between pods of one node", () => {
    const network = z
      .object({ plugins: z.array(z.object({ type: z.string() })) })
      .parse(JSON.parse(renderPodNetwork()));
    assert.deepEqual(
      network.plugins.map(({ type }) => type),
      ["ptp", "portmap"],
    );
  });

  it("leaves the host's connection tracking limits alone", () => {
    const proxy = renderProxyConfig({ kubeconfig: "/k", node: "n" });
    const { conntrack } = z.object({ conntrack: z.record(z.string(), z.unknown()) }).parse(parse(proxy));
    assert.deepEqual(conntrack, { maxPerCore: 0, min: 0, tcpCloseWaitTimeout: "0s", tcpEstablishedTimeout: "0s" });
  });
});

describe("cluster DNS", () => {
  it("answers for names outside the cluster at once: they don't exist", () => {
    const corefile = renderCorefile({ kubeconfig: "/k", context: "a" });
    assert.match(corefile, /^\.:53 \{[^}]*template ANY ANY \. \{\s*rcode NXDOMAIN/m);
    assert.match(corefile, /kubeconfig \/k a/);
  });
});

describe("simulated nodes", () => {
  it("have stages for a node's readiness and for a pod's whole life", () => {
    const stages = parseAllDocuments(renderStages()).map((document) => {
      assert.deepEqual(document.errors, []);
      return z.object({ metadata: z.object({ name: z.string() }) }).parse(document.toJS()).metadata.name;
    });
    assert.deepEqual(stages, ["node-ready", "pod-running", "job-pod-completed", "pod-deleted"]);
  });
});

describe("the script that makes the namespaces", () => {
  const script = renderNamespaceScript(layoutOf("/it's here"));

  it("detaches mounts from the host before it mounts anything", () => {
    assert.ok(script.indexOf("--make-rprivate /") < script.indexOf("--make-rshared /"));
    assert.ok(script.indexOf("--make-rshared /") < script.indexOf("mount -n -t tmpfs"));
  });

  it("quotes the state folder", () => {
    assert.ok(script.includes(`'/it'\\''s here/var/lib'`));
  });

  it("has a command for joining control groups that keeps the program's arguments as they are", () => {
    const [shell, ...rest] = joinCommand(["/sys/fs/cgroup/a/cgroup.procs"], ["prog", "a b", "$c"]);
    assert.equal(shell, "sh");
    assert.ok(rest[1]?.includes("echo $$ > '/sys/fs/cgroup/a/cgroup.procs'"));
    assert.deepEqual(rest.slice(-3), ["prog", "a b", "$c"]);
  });
});

describe("a cluster's credentials", () => {
  const folder = mkdtempSync(join(tmpdir(), "credentials-"));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const written = layoutOf(folder);
  const paths = writeCredentials(written, { name: "a", node: "a-node", apiPort: 4321 });
  const schema = z.object({
    clusters: z.array(z.object({ cluster: z.record(z.string(), z.string()) })),
    users: z.array(z.object({ user: z.object({ "client-certificate-data": z.string() }) })),
  });
  const kubeconfig = schema.parse(parse(readFileSync(written.kubeconfig, "utf8")));

  it("lead host processes to the loopback port, with the server verified", () => {
    const cluster = kubeconfig.clusters[0]?.cluster ?? {};
    assert.deepEqual(Object.keys(cluster), ["server", "certificate-authority-data"]);
    assert.equal(cluster.server, "https://127.0.0.1:4321");
    const server = new X509Certificate(readFileSync(paths.apiserver.certificate));
    assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
    const authority = new X509Certificate(Buffer.from(cluster["certificate-authority-data"] ?? "", "base64"));
    assert.equal(server.verify(authority.publicKey), true);
  });

  it("make the kubelet the node it says it is, and host processes administrators", () => {
    const subject = (path: string) => {
      const { users } = schema.parse(parse(readFileSync(path, "utf8")));
      return new X509Certificate(Buffer.from(users[0]?.user["client-certificate-data"] ?? "", "base64")).subject;
    };
    assert.equal(subject(paths.kubeconfig("kubelet")), "O=system:nodes\nCN=system:node:a-node");
    assert.equal(subject(written.kubeconfig), "O=system:masters\nCN=vllm-stack-admin");
  });

  it("are readable by their owner alone", () => {
    for (const path of [written.kubeconfig, paths.authorityKey, paths.serviceAccount.key, paths.kubelet.key]) {
      assert.equal(statSync(path).mode & 0o077, 0, path);
    }
  });
});
