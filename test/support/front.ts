import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nginxConfig } from "../../planning/front/config.ts";
import { frontData, type FrontPaths, type FrontSettings } from "../../planning/front/settings.ts";
import { cacheRoot } from "../../rehearsal/toolchain/cache.ts";
import { SCRIPT_HELPERS } from "../../rehearsal/toolchain/debian-roots.ts";
import { debianRoot } from "../../rehearsal/toolchain/debian.ts";
import { freePort } from "./upstream.ts";

/** What the front's script is called in its ConfigMap. */
const SCRIPT = join(import.meta.dirname, "../../components/serving/front/front.js");

/** nginx and its JavaScript module on this machine. */
export interface NginxProgram {
  readonly nginx: string;
  readonly module: string;
}

/**
 * Debian's nginx, unpacked in the cache; nothing is installed.
 * TEST_NGINX and TEST_NGINX_JS_MODULE name another nginx to test with, and its module.
 */
export async function debianNginx(): Promise<NginxProgram> {
  const spec = {
    packages: ["nginx-light", "libnginx-mod-http-js"],
    absent: [...SCRIPT_HELPERS, "iproute2"],
    host: { programs: { nginx: "self" } },
    mebibytes: 200,
  } as const;
  const { folder, root } = await debianRoot("nginx", spec, {
    cache: cacheRoot(),
    signal: undefined,
    onUpdate: () => undefined,
  });
  return {
    nginx: process.env.TEST_NGINX ?? join(folder, "bin/nginx"),
    module: process.env.TEST_NGINX_JS_MODULE ?? join(root, "usr/lib/nginx/modules/ngx_http_js_module.so"),
  };
}

/** The front as its pod runs it, on loopback. */
export class RunningFront {
  readonly url: string;
  readonly statusUrl: string;
  /** The access log of all requests so far. */
  readonly logFile: string;
  readonly #folder: string;
  readonly #process: ChildProcess;
  #errors = "";

  private constructor(folder: string, program: NginxProgram, ports: { api: number; status: number }) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${ports.api}`;
    this.statusUrl = `http://127.0.0.1:${ports.status}`;
    this.logFile = join(folder, "access.log");
    const global = process.getuid?.() === 0 ? "daemon off; user root;" : "daemon off;";
    this.#process = spawn(program.nginx, ["-e", "stderr", "-c", join(folder, "nginx.conf"), "-g", global], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => (this.#errors += chunk.toString()));
  }

  /** @param keys values of the API keys by name, as the Secret of digests is made from them */
  static async start(
    program: NginxProgram,
    settings: FrontSettings,
    keys: Readonly<Record<string, string>>,
    engineKey: string,
  ): Promise<RunningFront> {
    const folder = mkdtempSync(join(tmpdir(), "front-"));
    const paths: FrontPaths = {
      module: program.module,
      config: folder,
      keys: folder,
      engineKey: folder,
      temporary: folder,
      log: join(folder, "access.log"),
    };
    const ports = { api: await freePort(), status: await freePort() };
    const listen = { api: `127.0.0.1:${ports.api}`, status: `127.0.0.1:${ports.status}` };
    copyFileSync(SCRIPT, join(folder, "front.js"));
    writeFileSync(join(folder, "nginx.conf"), nginxConfig(settings, paths, listen));
    writeFileSync(join(folder, "front.json"), frontData(settings, paths));
    writeFileSync(join(folder, "digests.json"), digests(keys));
    // Secrets edited by hand often end with a line break.
    writeFileSync(join(folder, "key"), `${engineKey}\n`);
    const front = new RunningFront(folder, program, ports);
    await front.#ready();
    return front;
  }

  /** What nginx wrote to its error log. */
  get errors(): string {
    return this.#errors;
  }

  /** Lines of the access log, parsed. */
  log(): Record<string, unknown>[] {
    const text = readFileSync(this.logFile, "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Starts afresh with other API keys, as a rollout does, without losing the port. */
  async rotateKeys(keys: Readonly<Record<string, string>>): Promise<void> {
    writeFileSync(join(this.#folder, "digests.json"), digests(keys));
    this.#process.kill("SIGHUP");
    await sleep(500);
  }

  /** Asks nginx to end as Kubernetes does with the image's stop signal. */
  quit(): void {
    this.#process.kill("SIGQUIT");
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill("SIGTERM");
      await once(this.#process, "exit");
    }
    rmSync(this.#folder, { recursive: true });
  }

  async #ready(): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (this.#process.exitCode !== null) throw new Error(`nginx ended: ${this.#errors}`);
      const answer = await fetch(`${this.statusUrl}/health`).catch(() => undefined);
      if (answer?.ok === true) return;
      await sleep(50);
    }
    throw new Error(`nginx does not answer: ${this.#errors}`);
  }
}

function digests(keys: Readonly<Record<string, string>>): string {
  const entries = Object.entries(keys).map(([name, value]) => [createHash("sha256").update(value).digest("hex"), name]);
  return JSON.stringify(Object.fromEntries(entries));
}
