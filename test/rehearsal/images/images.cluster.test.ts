import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { IMAGE_NAMES, imageReference, prepareImages, toolsOf } from "../../../rehearsal/images/images.ts";
import type { ImageArchive } from "../../../rehearsal/images/images.ts";
import { terminalProgress } from "../../../rehearsal/progress.ts";
import { prepareTools } from "../../../rehearsal/toolchain/toolchain.ts";
import { Containerd } from "./containerd.ts";

const COLD_BUILD_MILLISECONDS = 30 * 60_000;

describe("images in containerd, with a read-only root and their own user", function () {
  this.timeout(120_000);
  let containerd: Containerd;
  const started: Containerd[] = [];
  let archives: readonly ImageArchive[];

  before(async function () {
    this.timeout(COLD_BUILD_MILLISECONDS);
    const progress = terminalProgress();
    const toolchain = await prepareTools(["node", ...toolsOf(IMAGE_NAMES)], { progress });
    archives = await prepareImages(IMAGE_NAMES, { progress, toolchain });
    containerd = await Containerd.start(toolchain);
    started.push(containerd);
    for (const { path } of archives) await containerd.ctr("images", "import", path);
  });
  after(async () => {
    for (const each of started) await each.stop();
  });

  it("are imported under the names pods use, with the digest that was announced", async () => {
    const list = await containerd.ctr("images", "list");
    for (const { reference, digest } of archives) {
      const line = list.split("\n").find((candidate) => candidate.startsWith(`${reference} `));
      assert.ok(line?.includes(digest), `${reference} with ${digest} in\n${list}`);
    }
  });

  it("pause: waits, and ends at once when told to", async () => {
    const container = await containerd.start(imageReference("pause"), {});
    const { pid, status } = await container.status();
    assert.equal(status, "RUNNING");
    assert.match(await readFile(`/proc/${pid}/status`, "utf8"), /^Uid:\t65535\t/m);
    await container.end("SIGTERM");
  });

  it("inference-sim: answers a completion as an engine would", async () => {
    const container = await containerd.start(
      imageReference("inference-sim"),
      {},
      ...["/app/llm-d-inference-sim", "--model", "example/model", "--port", "8000", "--mode", "echo"],
    );
    assert.match(await container.get("http://127.0.0.1:8000/v1/models"), /^200 .*example\/model/);
    assert.match(await container.get("http://127.0.0.1:8000/metrics"), /vllm:num_requests_running/);
    await container.end("SIGTERM");
  });

  it("vllm-router: both ways to start it work, and it asks its workers for their health", async () => {
    const reference = imageReference("vllm-router");
    for (const start of [["vllm-router"], ["python3", "-m", "vllm_router.launch_router"]]) {
      assert.match(await containerd.output(reference, ...start, "--help"), /--service-discovery/);
    }
    const container = await containerd.start(
      reference,
      { config: { health: "" } },
      ...["sh", "-c", `busybox httpd -p 9000 -h /config; exec vllm-router ${ROUTER_ARGUMENTS}`],
    );
    assert.match(await container.execute("id"), /^uid=65532\(router\)/);
    await container.logged(/Starting router on 127\.0\.0\.1:8000/);
    assert.match(await container.get("http://127.0.0.1:8000/health"), /^200 /);
    assert.match(await container.get("http://127.0.0.1:8000/list_workers"), /http:\/\/127\.0\.0\.1:9000/);
    await container.end("SIGTERM");
  });

  it("front: loads njs by the official image's relative path and by the absolute one", async () => {
    for (const module of ["modules/ngx_http_js_module.so", "/usr/lib/nginx/modules/ngx_http_js_module.so"]) {
      const container = await containerd.start(
        imageReference("front"),
        { config: { "nginx.conf": nginxConfiguration(module), "main.js": SCRIPT } },
        ...["nginx", "-c", "/config/nginx.conf", "-g", "daemon off;"],
      );
      assert.match(await container.get("http://127.0.0.1:8080/"), /^200 njs \d/);
      await container.logged(/"GET \/ HTTP\/1\.1" 200/);
      const { pid } = await container.status();
      assert.match(await readFile(`/proc/${pid}/status`, "utf8"), /^Uid:\t101\t/m);
      await container.end("SIGQUIT");
    }
  });

  it("prometheus: scrapes itself from a data folder in /tmp, and has promtool", async () => {
    const container = await containerd.start(
      imageReference("prometheus"),
      { config: { "prometheus.yml": "scrape_configs: []\n" } },
      ...["/bin/prometheus", "--config.file=/config/prometheus.yml", "--storage.tsdb.path=/tmp/data"],
    );
    assert.match(await container.get("http://127.0.0.1:9090/-/ready"), /^200 /);
    assert.match(await container.get("http://127.0.0.1:9090/api/v1/query?query=vector(42)"), /"42"/);
    assert.match(await container.execute("promtool", "check", "config", "/config/prometheus.yml"), /SUCCESS/);
    await container.end("SIGTERM");
  });

  it("coredns: answers from its own configuration", async () => {
    const container = await containerd.start(
      imageReference("coredns"),
      { config: { Corefile: ".:5353 {\n  health 127.0.0.1:8080\n  whoami\n}\n" } },
      ...["/coredns", "-conf", "/config/Corefile"],
    );
    assert.match(await container.get("http://127.0.0.1:8080/health"), /^200 OK/);
    assert.ok((await containerd.output(imageReference("coredns"), "/coredns", "-plugins")).includes("kubernetes"));
    await container.end("SIGTERM");
  });
});

const ROUTER_ARGUMENTS =
  "--host 127.0.0.1 --port 8000 --policy round_robin --worker-urls http://127.0.0.1:9000 --prometheus-port 29000";

const SCRIPT = "function hello(r) { r.return(200, 'njs ' + njs.version); }\nexport default { hello };\n";

function nginxConfiguration(module: string): string {
  return `
load_module ${module};
worker_processes 1;
pid /tmp/nginx.pid;
events {}
http {
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  js_import main from /config/main.js;
  access_log /var/log/nginx/access.log;
  server { listen 8080; location / { js_content main.hello; } }
}
`;
}
