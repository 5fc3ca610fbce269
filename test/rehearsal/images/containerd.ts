import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../../../rehearsal/toolchain/errors.ts";
import { run } from "../../../rehearsal/toolchain/process.ts";
import type { Toolchain } from "../../../rehearsal/toolchain/toolchain.ts";

/** A container as a strict pod would have it: read-only root, the image's own user, a writable /tmp. */
export interface ContainerOptions {
  /** Files below /config, by name. */
  readonly config?: Readonly<Record<string, string>>;
}

/**
 * A containerd of its own for one test file, without Kubernetes: its mounts are in a private mount namespace, its files in
 * a temporary folder. Containers get a network namespace with nothing but a loopback device.
 */
export class Containerd {
  readonly folder: string;
  private readonly toolchain: Toolchain;
  private readonly daemon: ChildProcess;
  private readonly env: NodeJS.ProcessEnv;
  private containers = 0;

  private constructor(toolchain: Toolchain, folder: string) {
    this.toolchain = toolchain;
    this.folder = folder;
    this.env = { ...process.env, PATH: `${toolchain.debian.bin}:${process.env.PATH ?? ""}` };
    // Its shims put their sockets below /run/containerd, whatever the configuration says.
    const script = 'mount -t tmpfs none /run && mkdir /run/containerd && exec containerd --config "$0"';
    const args = ["--mount", "--propagation", "private", "sh", "-c", script, join(folder, "config.toml")];
    this.daemon = spawn("unshare", args, { env: this.env, stdio: "ignore" });
  }

  /** Starts it and waits until it answers. */
  static async start(toolchain: Toolchain): Promise<Containerd> {
    const folder = await mkdtemp(join(tmpdir(), "containerd-test-"));
    const config = [
      "version = 2",
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\naddress = "${folder}/socket"`,
    ];
    await writeFile(join(folder, "config.toml"), config.join("\n"));
    const containerd = new Containerd(toolchain, folder);
    for (let tries = 0; ; tries += 1) {
      try {
        await containerd.ctr("version");
        return containerd;
      } catch (error) {
        if (error instanceof CommandError && tries < 50) {
          await sleep(100);
          continue;
        }
        containerd.daemon.kill("SIGKILL");
        throw error;
      }
    }
  }

  /** Runs ctr, containerd's own client, and returns its output. */
  ctr(...args: readonly string[]): Promise<string> {
    const global = ["--address", join(this.folder, "socket"), "--namespace", "k8s.io"];
    return run(this.toolchain.bin("ctr"), [...global, ...args], { env: this.env });
  }

  /** Runs a command in a new container to its end and returns what it wrote. */
  async output(reference: string, ...command: readonly string[]): Promise<string> {
    this.containers += 1;
    return this.ctr("run", "--rm", "--read-only", ...this.io(), reference, `run-${this.containers}`, ...command);
  }

  /** Starts a container in the background. */
  async start(reference: string, options: ContainerOptions, ...command: readonly string[]): Promise<Container> {
    this.containers += 1;
    const name = `background-${this.containers}`;
    const config = join(this.folder, name, "config");
    const temporary = join(this.folder, name, "tmp");
    await mkdir(config, { recursive: true });
    await mkdir(temporary);
    await run("chmod", ["1777", temporary]);
    for (const [file, content] of Object.entries(options.config ?? {})) await writeFile(join(config, file), content);
    const mounts = [
      ["--mount", `type=bind,src=${config},dst=/config,options=rbind:ro`],
      ["--mount", `type=bind,src=${temporary},dst=/tmp,options=rbind:rw`],
    ].flat();
    const log = join(this.folder, name, "log");
    const detached = ["run", "--detach", "--read-only", "--log-uri", `file://${log}`, ...mounts, ...this.io()];
    await this.ctr(...detached, reference, name, ...command);
    return new Container(this, name, log);
  }

  /** Ends it with all containers and removes its files. */
  async stop(): Promise<void> {
    for (const name of (await this.ctr("containers", "list", "--quiet")).split("\n").filter(Boolean)) {
      await this.ctr("tasks", "kill", "--signal", "SIGKILL", name).catch(() => undefined);
      await this.ctr("tasks", "delete", "--force", name).catch(() => undefined);
      await this.ctr("containers", "delete", name);
    }
    const exited = once(this.daemon, "exit");
    this.daemon.kill("SIGTERM");
    await exited;
    await rm(this.folder, { recursive: true });
  }

  private io(): readonly string[] {
    return ["--fifo-dir", join(this.folder, "fifo")];
  }
}

/** A container in the background. */
export class Container {
  private readonly containerd: Containerd;
  private readonly name: string;
  private readonly logFile: string;
  private executions = 0;

  constructor(containerd: Containerd, name: string, logFile: string) {
    this.containerd = containerd;
    this.name = name;
    this.logFile = logFile;
  }

  /** Process number on the machine and status (RUNNING, STOPPED). */
  async status(): Promise<{ readonly pid: number; readonly status: string }> {
    const list = await this.containerd.ctr("tasks", "list");
    const [, pid = "0", status = "GONE"] = new RegExp(`^${this.name}\\s+(\\d+)\\s+(\\w+)`, "m").exec(list) ?? [];
    return { pid: Number(pid), status };
  }

  /** Runs a command in the container. */
  execute(...command: readonly string[]): Promise<string> {
    this.executions += 1;
    const id = `${this.name}-${this.executions}`;
    const io = ["--fifo-dir", join(this.containerd.folder, "fifo")];
    return this.containerd.ctr("tasks", "exec", ...io, "--exec-id", id, this.name, ...command);
  }

  /** Requests a loopback address inside the container's network, from outside, until it answers. */
  async get(url: string): Promise<string> {
    const { pid } = await this.status();
    const program = `
      const response = await fetch(${JSON.stringify(url)});
      console.log(response.status, await response.text());`;
    for (let tries = 0; ; tries += 1) {
      try {
        const node = [process.execPath, "--input-type=module", "--eval", program];
        return await run("nsenter", ["--target", String(pid), "--net", ...node]);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        if (tries > 40)
          throw new Error(`${url} does not answer. The container says:\n${await this.log()}`, { cause: error });
        await sleep(250);
      }
    }
  }

  /** Waits until its output so far matches. */
  async logged(pattern: RegExp): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const text = await this.log();
      if (pattern.test(text)) return;
      if (tries > 40) throw new Error(`${pattern.source} did not appear in the output:\n${text}`);
      await sleep(250);
    }
  }

  /** What it wrote so far. */
  async log(): Promise<string> {
    return (await stat(this.logFile).catch(() => undefined)) === undefined ? "" : readFile(this.logFile, "utf8");
  }

  /** Sends a signal and waits for the end. */
  async end(signal: string): Promise<void> {
    await this.containerd.ctr("tasks", "kill", "--signal", signal, this.name);
    for (let tries = 0; (await this.status()).status !== "STOPPED"; tries += 1) {
      if (tries > 50) throw new Error(`the container did not end on ${signal}`);
      await sleep(100);
    }
  }
}
