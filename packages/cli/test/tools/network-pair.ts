import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";

/** What a program in a namespace printed, and its process. */
export interface Finished {
  readonly pid: number;
  readonly stdout: string;
  readonly code: number | null;
}

/**
 * Two network namespaces with a cable between them: `client` (10.77.0.1, fd77::1) and `server` (10.77.0.2, fd77::2). 10.77.0.9 and
 * fd77::9 look as if they were there, and never answer. Needs root and veth.
 */
export class NetworkPair implements Disposable {
  readonly client: string;
  readonly server: string;
  /** Ends of the cable: the client's device and the server's. */
  readonly near: string;
  readonly far: string;
  readonly #children: ChildProcess[] = [];

  constructor() {
    const id = randomBytes(3).toString("hex");
    this.client = `skep-c-${id}`;
    this.server = `skep-s-${id}`;
    this.near = `sc${id}`;
    this.far = `ss${id}`;
    const { near, far } = this;
    for (const name of [this.client, this.server]) ip("netns", "add", name);
    try {
      ip(
        "link",
        "add",
        near,
        "netns",
        this.client,
        "type",
        "veth",
        "peer",
        "name",
        far,
        "netns",
        this.server,
      );
      for (const [namespace, device, host] of [
        [this.client, near, 1],
        [this.server, far, 2],
      ] as const) {
        this.ip(namespace, "link", "set", "lo", "up");
        this.ip(namespace, "addr", "add", `10.77.0.${host}/24`, "dev", device);
        this.ip(namespace, "addr", "add", `fd77::${host}/64`, "dev", device, "nodad");
        this.ip(namespace, "link", "set", device, "up");
      }
      for (const address of ["10.77.0.9", "fd77::9"])
        this.ip(this.client, "neigh", "add", address, "lladdr", "02:00:00:00:00:99", "dev", near);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** `ip` inside one of the namespaces. */
  ip(namespace: string, ...args: readonly string[]): void {
    ip("-n", namespace, ...args);
  }

  /** Sets a variable of the namespace: `net.ipv4.tcp_syn_retries`. */
  sysctl(namespace: string, name: string, value: number): void {
    execFileSync("ip", ["netns", "exec", namespace, "sysctl", "-q", "-w", `${name}=${value}`]);
  }

  /** Starts a program in a namespace. It ends with the pair at the latest. */
  spawn(namespace: string, file: string, ...args: readonly string[]): ChildProcess {
    // `ip netns exec` becomes the program: the process ids are the same.
    const child = spawn("ip", ["netns", "exec", namespace, file, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#children.push(child);
    return child;
  }

  /** Starts a program and waits for its first line. */
  async ready(namespace: string, file: string, ...args: readonly string[]): Promise<ChildProcess> {
    const child = this.spawn(namespace, file, ...args);
    await Promise.race([once(child.stdout!, "data"), once(child, "exit")]);
    if (child.exitCode !== null) throw new Error(`${file} ${args.join(" ")} ended with ${child.exitCode}`);
    return child;
  }

  /** Runs a program in a namespace to its end. */
  async run(namespace: string, file: string, ...args: readonly string[]): Promise<Finished> {
    const child = this.spawn(namespace, file, ...args);
    let stdout = "";
    child.stdout?.on("data", (text) => {
      stdout += text;
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { pid: child.pid ?? -1, stdout, code };
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) if (child.exitCode === null) child.kill("SIGKILL");
    for (const name of [this.client, this.server]) ip("netns", "del", name);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}
