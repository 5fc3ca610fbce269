import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import fc from "fast-check";
import { addForward, listForwards, removeForward } from "../../../rehearsal/cluster/forward/client.ts";
import { parseTarget } from "../../../rehearsal/cluster/forward/protocol.ts";
import { readLine } from "../../../rehearsal/cluster/forward/sockets.ts";
import { layoutOf } from "../../../rehearsal/cluster/layout.ts";
import { until } from "../../../rehearsal/cluster/wait.ts";

describe("a forward's target", () => {
  it("is a Service with a port number or name", () => {
    assert.deepEqual(parseTarget("serving/front:http"), {
      kind: "service",
      namespace: "serving",
      service: "front",
      port: "http",
    });
    assert.deepEqual(parseTarget("a/b:80"), { kind: "service", namespace: "a", service: "b", port: "80" });
  });

  it("is never anything that could leave its place in an API path", () => {
    const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (namespace, service, port) => {
        const target = parseTarget(`${namespace}/${service}:${port}`);
        if (target?.kind !== "service") return;
        assert.ok([target.namespace, target.service, target.port].every((part) => label.test(part)));
      }),
    );
    for (const bad of ["", "front", "a/b", "a/b:", "a/../b:80", "A/b:80", "a/b:80/x", "node:", "a/b:8 0"]) {
      assert.equal(parseTarget(bad), undefined, bad);
    }
  });
});

describe("the gateway", () => {
  const layout = layoutOf(mkdtempSync(join(tmpdir(), "gateway-")));
  let gateway: ChildProcess;
  let keeper: Server;
  /** What the other side of the next connections does, told the target. */
  let serve: (socket: Socket, target: string | undefined) => void;

  before(async () => {
    mkdirSync(layout.sockets);
    keeper = createServer({ allowHalfOpen: true }, (socket) => {
      readLine(socket, (target) => {
        serve(socket, target);
      });
    }).listen(layout.forwardSocket);
    await once(keeper, "listening");
    const script = join(import.meta.dirname, "../../../rehearsal/cluster/forward/gateway.ts");
    gateway = spawn(process.execPath, [script, layout.root], { stdio: ["ignore", "ignore", "inherit"] });
    await until({
      what: "the gateway",
      timeoutMs: 8000,
      problem: async () => {
        await listForwards(layout.controlSocket);
        return undefined;
      },
    });
  });

  after(async () => {
    gateway.kill("SIGKILL");
    await once(gateway, "exit");
    keeper.close();
    rmSync(layout.root, { recursive: true });
  });

  const connect = async (port: number, allowHalfOpen = true) => {
    const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen });
    await once(socket, "connect");
    return socket;
  };

  it("listens on a port the kernel chooses and hands over the target and every byte, both ways", async () => {
    serve = (socket, target) => {
      void text(socket).then((received) => socket.end(`${String(target)}|${received}`));
    };
    const { port, address } = await addForward(layout.controlSocket, { name: "a", target: "ns/svc:http", port: 0 });
    assert.equal(address, `127.0.0.1:${port}`);
    const socket = await connect(port);
    const sent = "0123456789\n".repeat(50_000);
    // Half closed: the answer still arrives.
    socket.end(sent);
    assert.equal(await text(socket), `ns/svc:http|${sent}`);
  });

  it("closes at once when nothing is at the other end", async () => {
    serve = (socket) => socket.destroy();
    const { port } = await addForward(layout.controlSocket, { name: "b", target: "ns/gone:1", port: 0 });
    const begun = performance.now();
    const socket = await connect(port, false);
    socket.on("error", () => undefined);
    socket.resume();
    await once(socket, "close");
    assert.ok(performance.now() - begun < 1000);
  });

  it("tells the other end when a client goes away, so that a stream can be cancelled", async () => {
    const gone = Promise.withResolvers<undefined>();
    serve = (socket) => {
      socket.on("end", () => {
        gone.resolve(undefined);
      });
      socket.write("first");
      socket.resume();
    };
    const { port } = await addForward(layout.controlSocket, { name: "c", target: "ns/svc:1", port: 0 });
    const socket = await connect(port);
    await once(socket, "data");
    socket.resetAndDestroy();
    await gone.promise;
  });

  it("refuses a port that is taken, naming it and the way out, and keeps the forward it had", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const before = await addForward(layout.controlSocket, { name: "d", target: "ns/svc:1", port: 0 });
    await assert.rejects(addForward(layout.controlSocket, { name: "d", target: "ns/svc:1", port }), {
      name: "ClusterError",
      message: `forwards.d.port: ${port} – another process listens on 127.0.0.1:${port}. Choose another port (0 takes any free one), or end that process.`,
    });
    other.close();
    const now = (await listForwards(layout.controlSocket)).find(({ name }) => name === "d");
    assert.deepEqual(now, before);
  });

  it("moves a forward to another Service without giving up its port", async () => {
    serve = (socket, target) => socket.end(target ?? "");
    const first = await addForward(layout.controlSocket, { name: "e", target: "ns/old:1", port: 0 });
    const second = await addForward(layout.controlSocket, { name: "e", target: "ns/new:1", port: first.port });
    assert.equal(second.port, first.port);
    assert.equal(await text(await connect(first.port)), "ns/new:1");
  });

  it("stops listening when a forward is removed; removing one it doesn't know is fine", async () => {
    const { port } = await addForward(layout.controlSocket, { name: "f", target: "ns/svc:1", port: 0 });
    await removeForward(layout.controlSocket, "f");
    await removeForward(layout.controlSocket, "f");
    await assert.rejects(connect(port), { code: "ECONNREFUSED" });
  });

  it("refuses a target that is not a Service", async () => {
    await assert.rejects(addForward(layout.controlSocket, { name: "g", target: "http://x", port: 0 }), {
      message: /forwards\.g\.target: http:\/\/x – not a Service\. Write namespace\/service:port/,
    });
  });

  it("can be told what to do by its owner alone", () => {
    assert.equal(statSync(layout.controlSocket).mode & 0o077, 0);
  });
});
