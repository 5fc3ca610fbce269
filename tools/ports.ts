import { once } from "node:events";
import { createServer } from "node:net";
import { UserError } from "./cli.ts";

/** A loopback port somebody asked for. */
export interface WantedPort {
  /** Option it was given with: `--port`. */
  readonly option: string;
  /** What will answer there, for people. */
  readonly title: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/**
 * Reads a port from the command line.
 * @throws {@link UserError} for everything else
 */
export function portOf(text: string, option: string): number {
  const port = Number(text);
  if (text.trim() !== "" && Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new UserError(`${option}: ${text} – must be a port between 0 (any free one) and 65535. Choose another.`);
}

/**
 * Refuses ports that can't be had, all of them at once.
 *
 * @param ours ports that are ours already, because what is asked for runs
 * @throws {@link UserError}
 */
export async function requireFreePorts(wanted: readonly WantedPort[], ours: ReadonlySet<number>): Promise<void> {
  const problems: string[] = [];
  const seen = new Map<number, string>();
  for (const { option, title, port } of wanted.filter((candidate) => candidate.port !== 0)) {
    const other = seen.get(port);
    seen.set(port, option);
    const remedy = `Choose another with ${option} N; 0 takes any free one.`;
    if (other !== undefined) problems.push(`${option}: ${port} – is the port of ${other} too. ${remedy}`);
    else if (!ours.has(port)) {
      const code = await listenProblem(port);
      if (code !== undefined) problems.push(`${option}: ${port} – ${reasonOf(code, port, title)}. ${remedy}`);
    }
  }
  if (problems.length > 0) throw new UserError(problems.join("\n"), { exitCode: 1 });
}

function reasonOf(code: string, port: number, title: string): string {
  if (code === "EADDRINUSE") return `another process listens on 127.0.0.1:${port}, where ${title} would answer`;
  if (code === "EACCES") return `this user may not listen on port ${port}, where ${title} would answer`;
  return `${title} can't listen on 127.0.0.1:${port} (${code})`;
}

/** Code of the error that listening ends with; undefined if it succeeds. */
async function listenProblem(port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host: "127.0.0.1", port });
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
