import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { ApiClient, withApi } from "../../rehearsal/cluster/api.ts";
import { checkHost } from "../../rehearsal/cluster/host.ts";
import { findLeftovers } from "../../rehearsal/cluster/leftovers.ts";
import { SHIELDED_SETTINGS } from "../../rehearsal/cluster/namespaces.ts";
import { findProcesses, kill } from "../../rehearsal/cluster/processes.ts";
import { startCluster } from "../../rehearsal/cluster/start.ts";
import { requireState } from "../../rehearsal/cluster/state.ts";
import { clusterStatus } from "../../rehearsal/cluster/status.ts";
import { stopCluster } from "../../rehearsal/cluster/stop.ts";
import { clusterTools } from "../../rehearsal/cluster/tools.ts";
import type { EmbeddedCluster, StartOptions } from "../../rehearsal/cluster/types.ts";
import { until } from "../../rehearsal/cluster/wait.ts";
import { imageReference, prepareImages, toolsOf } from "../../rehearsal/images/images.ts";
import { silentProgress, terminalProgress, type Progress } from "../../rehearsal/progress.ts";
import { prepareTools } from "../../rehearsal/toolchain/toolchain.ts";
import { podOutput, podReady, readPod, RESTRICTED } from "./support/pods.ts";

const IMAGES = ["pause", "inference-sim", "vllm-router"] as const;
const NAMESPACE = "serving";

type Prepared = Pick<StartOptions, "tools" | "images">;

/** Builds on a machine whose cache is empty take minutes. */
async function prepare(): Promise<Prepared> {
  const progress = terminalProgress();
  const tools = ["node", "kubernetes", "kwok", "coredns"] as const;
  const toolchain = await prepareTools([...new Set([...tools, ...toolsOf(IMAGES)])], { progress });
  return { tools: clusterTools(toolchain), images: await prepareImages(IMAGES, { toolchain, progress }) };
}

/** Mounts and interfaces of the host that have to do with clusters below a folder; other programs' are not our business. */
function hostTraces(folder: string): readonly string[] {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  const interfaces = readFileSync("/proc/net/dev", "utf8").match(/^\s*node0(?=:)/gm) ?? [];
  return [...mounts.filter((mount) => mount.includes(folder)), ...interfaces];
}

/** Settings of the whole machine that a kubelet would change. */
function kernelSettings(): readonly string[] {
  return Object.keys(SHIELDED_SETTINGS).map((name) => `${name}=${readFileSync(`/proc/sys/${name}`, "utf8").trim()}`);
}

describe("the embedded cluster", function () {
  this.timeout(180_000);
  const parent = mkdtempSync(join(tmpdir(), "clusters-"));
  const stateDir = join(parent, "main");
  const settings = kernelSettings();
  let prepared: Prepared;
  let cluster: EmbeddedCluster;
  let api: ApiClient;

  const options = (change: Partial<StartOptions> = {}): StartOptions => ({
    ...prepared,
    name: "test",
    gpus: 4,
    nodeLabels: { "nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3" },
    stateDir,
    forwards: [{ name: "engine", target: `${NAMESPACE}/engine:http`, port: 0 }],
    progress: silentProgress,
    ...change,
  });

  const engine = (name: string, gpus: number, rest: object = {}) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: "engine" } },
    spec: {
      securityContext: RESTRICTED.pod,
      containers: [
        {
          name: "vllm",
          image: imageReference("inference-sim"),
          command: ["llm-d-inference-sim", "--model", "tiny", "--port", "8000"],
          securityContext: { ...RESTRICTED.container, readOnlyRootFilesystem: true },
          resources: { limits: { "nvidia.com/gpu": String(gpus) } },
          readinessProbe: { httpGet: { path: "/health", port: 8000 }, periodSeconds: 1 },
        },
      ],
      ...rest,
    },
  });

  const python = (name: string, program: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: {
      restartPolicy: "Never",
      securityContext: RESTRICTED.pod,
      containers: [
        {
          name: "python",
          image: imageReference("vllm-router"),
          command: ["python3", "-c", program],
          securityContext: RESTRICTED.container,
        },
      ],
    },
  });

  before(async function () {
    this.timeout(30 * 60_000);
    assert.deepEqual(checkHost(), []);
    prepared = await prepare();
    cluster = await startCluster(options());
    api = new ApiClient(cluster.kubeconfig);
    await api.create("/api/v1/namespaces", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    await api.create(`/api/v1/namespaces/${NAMESPACE}/services`, {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "engine" },
      spec: { selector: { app: "engine" }, ports: [{ name: "http", port: 80, targetPort: 8000 }] },
    });
  });

  after(async () => {
    api.close();
    await stopCluster({ stateDir });
    rmSync(parent, { recursive: true, force: true });
  });

  describe("serving", () => {
    it("runs a restricted pod on simulated GPUs, and no more pods than there are GPUs", async () => {
      await api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, engine("engine-0", 4));
      await api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, engine("engine-1", 1));
      assert.equal(await podReady(api, NAMESPACE, "engine-0"), cluster.nodeName);
      const { status } = await readPod(api, NAMESPACE, "engine-1");
      assert.match(status.conditions.map(({ message }) => message).join(), /Insufficient nvidia\.com\/gpu/);
      await api.remove(`/api/v1/namespaces/${NAMESPACE}/pods/engine-1`);
    });

    it("lets a process of the host reach a Service at a loopback address", async () => {
      const [forward] = await cluster.forwards();
      await until({
        what: "the forward",
        timeoutMs: 10_000,
        problem: async () => ((await fetch(`http://${forward?.address ?? ""}/health`)).ok ? undefined : "not healthy"),
      });
      const answer = await fetch(`http://${forward?.address ?? ""}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ model: "tiny", messages: [{ role: "user", content: "hello" }] }),
      });
      assert.equal(answer.status, 200);
      assert.match(await answer.text(), /"object":"chat\.completion"/);
    });

    it("closes a connection at once where there is no Service", async () => {
      const { address } = await cluster.addForward({ name: "nowhere", target: "serving/nothing:80", port: 0 });
      await assert.rejects(fetch(`http://${address}/`, { signal: AbortSignal.timeout(3000) }), /fetch failed/);
      await cluster.removeForward("nowhere");
    });

    it("resolves Services by name in pods, and says at once that other names don't exist", async () => {
      const program = `
import socket, time, urllib.request
print(urllib.request.urlopen("http://engine/v1/models", timeout=5).status)
print(urllib.request.urlopen("http://engine.${NAMESPACE}.svc.cluster.local/health", timeout=5).status)
begun = time.time()
try: socket.getaddrinfo("huggingface.co", 443)
except socket.gaierror as error: print(error.errno == socket.EAI_NONAME, time.time() - begun < 1)`;
      assert.deepEqual((await podOutput(api, NAMESPACE, python("resolver", program))).trim().split("\n"), [
        "200",
        "200",
        "True True",
      ]);
    });

    it("lets pods talk to the API server with their token, verified, and only as far as their roles go", async () => {
      const program = `
import ssl, urllib.request, urllib.error
folder = "/var/run/secrets/kubernetes.io/serviceaccount/"
context = ssl.create_default_context(cafile=folder + "ca.crt")
headers = {"Authorization": "Bearer " + open(folder + "token").read()}
def status(path):
    try: return urllib.request.urlopen(urllib.request.Request("https://kubernetes.default.svc" + path, headers=headers), context=context).status
    except urllib.error.HTTPError as error: return error.code
print(status("/api"), status("/api/v1/namespaces/${NAMESPACE}/pods"))`;
      assert.equal((await podOutput(api, NAMESPACE, python("client", program))).trim(), "200 403");
    });

    it("refuses a privileged pod in a restricted namespace", async () => {
      const privileged = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "privileged" },
        spec: { containers: [{ name: "a", image: "a", securityContext: { privileged: true } }] },
      };
      await assert.rejects(
        api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, privileged),
        /403 .*violates PodSecurity "restricted:latest": privileged/,
      );
    });

    it("advertises the GPUs again when they got lost, as after a restart of the kubelet", async () => {
      const path = `/api/v1/nodes/${cluster.nodeName}`;
      await api.merge(`${path}/status`, { status: { capacity: { "nvidia.com/gpu": null } } });
      const schema = z.object({
        metadata: z.object({ labels: z.record(z.string(), z.string()) }),
        status: z.object({ allocatable: z.record(z.string(), z.string()) }),
      });
      await until({
        what: "GPUs",
        timeoutMs: 10_000,
        problem: async () =>
          schema.parse((await api.get(path)).body).status.allocatable["nvidia.com/gpu"] === "4" ? undefined : "missing",
      });
      const { labels } = schema.parse((await api.get(path)).body).metadata;
      assert.equal(labels["nvidia.com/gpu.product"], "NVIDIA-H100-80GB-HBM3");
    });
  });

  describe("simulated nodes", () => {
    const names = ["h100-0", "h100-1"];
    const taint = { key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" };
    const pod = (name: string, rest: object) =>
      engine(name, 8, { nodeSelector: { "node.kubernetes.io/instance-type": "p5.48xlarge" }, ...rest });

    it("take the pods that fit their labels, taints and GPUs, which turn Ready at once", async () => {
      await cluster.addFakeNodes(
        names.map((name) => ({
          name,
          labels: { "node.kubernetes.io/instance-type": "p5.48xlarge" },
          taints: [taint],
          capacity: { cpu: "192", memory: "2048Gi", "nvidia.com/gpu": "8" },
        })),
      );
      const tolerations = [{ key: "nvidia.com/gpu", operator: "Exists" }];
      await api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod("fake-0", { tolerations }));
      await api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod("fake-1", { tolerations }));
      await api.create(`/api/v1/namespaces/${NAMESPACE}/pods`, pod("fake-intolerant", {}));
      const nodes = [await podReady(api, NAMESPACE, "fake-0"), await podReady(api, NAMESPACE, "fake-1")];
      assert.deepEqual(nodes.sort(), names);
      const { status } = await readPod(api, NAMESPACE, "fake-intolerant");
      assert.match(status.conditions.map(({ message }) => message).join(), /untolerated taint/);
      await api.remove(`/api/v1/namespaces/${NAMESPACE}/pods/fake-intolerant`);
    });

    it("disappear with their pods, and a real node can't be taken for one", async () => {
      await cluster.removeFakeNodes([...names, "never-existed"]);
      await until({
        what: "the pods",
        timeoutMs: 10_000,
        problem: async () =>
          (await api.get(`/api/v1/namespaces/${NAMESPACE}/pods/fake-0`)).status === 404 ? undefined : "still there",
      });
      await assert.rejects(cluster.removeFakeNodes([cluster.nodeName]), /a real node has this name/);
    });
  });

  describe("starting and stopping", () => {
    it("adopts the running cluster, with more GPUs and other forwards if asked", async () => {
      const again = await startCluster(
        options({ gpus: 6, forwards: [{ name: "api", target: "default/kubernetes:https", port: 0 }] }),
      );
      assert.equal(again.adopted, true);
      assert.equal(again.apiServer, cluster.apiServer);
      assert.deepEqual(
        (await again.forwards()).map(({ name }) => name),
        ["api"],
      );
      const { body } = await api.get(`/api/v1/nodes/${cluster.nodeName}`);
      assert.match(JSON.stringify(body), /"nvidia.com\/gpu":"6"/);
    });

    it("shows nothing of the cluster in the host's mounts, interfaces and kernel settings", () => {
      assert.deepEqual(hostTraces(parent), []);
      assert.deepEqual(kernelSettings(), settings);
    });

    it("refuses a taken port before anything is started, next to a running cluster", async () => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as AddressInfo;
      const neighbour = join(parent, "port");
      await assert.rejects(
        startCluster(options({ stateDir: neighbour, forwards: [{ name: "front", target: "a/b:80", port }] })),
        new RegExp(`forwards\\.front\\.port: ${port} – another process listens`),
      );
      other.close();
      assert.deepEqual(findLeftovers(neighbour), []);
    });

    it("removes everything when it is cancelled midway", async () => {
      const neighbour = join(parent, "cancelled");
      const cancel = new AbortController();
      const progress: Progress = {
        step: (title, detail) => {
          if (title === "join the node") cancel.abort();
          return silentProgress.step(title, detail);
        },
      };
      await assert.rejects(
        startCluster(options({ stateDir: neighbour, progress, signal: cancel.signal })),
        /cancelled/i,
      );
      assert.deepEqual(findLeftovers(neighbour), []);
    });

    for (const killedAt of ["make the node's namespaces", "start the container runtime", "import images"]) {
      it(`leaves nothing after a stop when the starting process was killed at "${killedAt}"`, async () => {
        const neighbour = join(parent, "killed");
        const script = join(import.meta.dirname, "support/start-cluster.ts");
        const child = spawn(process.execPath, [script, JSON.stringify(options({ stateDir: neighbour }))], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        for await (const title of createInterface(child.stdout)) if (title === killedAt) child.kill("SIGKILL");
        assert.notDeepEqual(findLeftovers(neighbour), []);
        assert.equal((await clusterStatus(neighbour)).kind, "broken");
        await stopCluster({ stateDir: neighbour });
        assert.deepEqual(findLeftovers(neighbour), []);
      });
    }

    it("recognises that a daemon has died, says which, and starts anew", async () => {
      const { daemons } = requireState(stateDir);
      const parentOf = (pid: number) => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
      const kubelet = findProcesses((pid) => parentOf(pid) === daemons.kubelet?.pid);
      assert.equal(kubelet.length, 1);
      kubelet.forEach(kill);
      await until({
        what: "the status",
        timeoutMs: 5000,
        problem: async () => ((await clusterStatus(stateDir)).kind === "broken" ? undefined : "running"),
      });
      assert.deepEqual(await clusterStatus(stateDir), { kind: "broken", problems: ["kubelet has ended"] });
      const anew = await startCluster(options());
      assert.equal(anew.adopted, false);
      assert.equal((await clusterStatus(stateDir)).kind, "running");
      await withApi(anew.kubeconfig, async (fresh) => {
        await fresh.create("/api/v1/namespaces/default/pods", engine("engine-0", 1));
        await podReady(fresh, "default", "engine-0");
      });
    });

    it("stops with pods running and leaves nothing: no process, mount, control group, interface or file", async () => {
      await stopCluster({ stateDir });
      assert.deepEqual(findLeftovers(stateDir), []);
      assert.deepEqual(hostTraces(parent), []);
      assert.deepEqual(await clusterStatus(stateDir), { kind: "absent" });
    });
  });
});
