import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { UserError } from "../../tools/cli.ts";
import { portOf, requireFreePorts } from "../../tools/ports.ts";

describe("ports of the commands", () => {
  let server: Server;
  let taken: number;
  before(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    taken = (server.address() as AddressInfo).port;
  });
  after(() => {
    server.close();
  });
  const endpoint = (port: number) => ({ option: "--port", title: "the OpenAI endpoint", port });
  const prometheus = (port: number) => ({ option: "--prometheus-port", title: "Prometheus", port });

  it("are whole numbers, 0 for any free one", () => {
    assert.deepEqual(
      ["0", "8000", "65535"].map((text) => portOf(text, "--port")),
      [0, 8000, 65535],
    );
    assert.throws(() => portOf(" ", "--port"), UserError);
  });

  it("that are in use are named with what would answer there and how to choose others, all at once", async () => {
    await assert.rejects(requireFreePorts([endpoint(taken), prometheus(taken)], new Set()), (error) => {
      assert.ok(error instanceof UserError);
      assert.deepEqual(error.message.split("\n"), [
        `--port: ${taken} – another process listens on 127.0.0.1:${taken}, where the OpenAI endpoint would answer. Choose another with --port N; 0 takes any free one.`,
        `--prometheus-port: ${taken} – is the port of --port too. Choose another with --prometheus-port N; 0 takes any free one.`,
      ]);
      return true;
    });
  });

  it("are free if nobody has them, or we have them ourselves", async () => {
    await requireFreePorts([endpoint(0), prometheus(0)], new Set());
    await requireFreePorts([endpoint(taken)], new Set([taken]));
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, "close");
    await requireFreePorts([prometheus(port)], new Set());
  });
});
