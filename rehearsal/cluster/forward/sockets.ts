import type { Socket } from "node:net";

/** Longest first line either protocol sends. */
const LONGEST_LINE = 4096;

/**
 * Connects two sockets both ways. Each direction ends on its own, so that a client that has sent its request and shut
 * down its side still gets the answer; when one of them breaks or is gone, so is the other.
 */
export function relay(a: Socket, b: Socket): void {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    from.setNoDelay(true);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      if (!to.writableEnded) to.destroy();
    });
    from.pipe(to);
  }
}

/**
 * Reads the first line of a socket and leaves everything after it to the next reader; the socket is then paused.
 * Calls back with undefined if the other side ends, breaks, or sends too much without a line break.
 */
export function readLine(socket: Socket, callback: (line: string | undefined) => void): void {
  let received = Buffer.alloc(0);
  const finish = (line: string | undefined) => {
    socket.pause();
    socket.off("data", onData).off("end", onEnd).off("error", onEnd).off("close", onEnd);
    callback(line);
  };
  const onEnd = () => {
    finish(undefined);
  };
  const onData = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf(0x0a);
    if (end < 0 && received.length > LONGEST_LINE) {
      finish(undefined);
    } else if (end >= 0) {
      socket.pause();
      if (end + 1 < received.length) socket.unshift(received.subarray(end + 1));
      finish(received.subarray(0, end).toString("utf8"));
    }
  };
  socket.on("data", onData).on("end", onEnd).on("error", onEnd).on("close", onEnd);
}
