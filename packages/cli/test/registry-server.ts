import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether Debian's docker-registry and skopeo are here. */
export function hasRegistry(): boolean {
  return ["docker-registry", "skopeo", "htpasswd"].every(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0,
  );
}

export interface User {
  readonly name: string;
  readonly password: string;
}

/** A real registry on loopback, with its store in a directory of its own. Ended by its process id. */
export class RegistryServer implements AsyncDisposable {
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #directory: string;
  #log = "";

  private constructor(child: ChildProcess, directory: string, port: number) {
    this.#child = child;
    this.#directory = directory;
    this.host = `127.0.0.1:${port}`;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
  }

  /**
   * @param user who alone may come in; everybody when left out
   * @param tls whether it speaks https, with the certificate of `authority`
   */
  static async start(user?: User, tls = false): Promise<RegistryServer> {
    const directory = mkdtempSync(join(tmpdir(), "skep-registry-"));
    const port = await freePort();
    const lines = [
      "version: 0.1",
      `storage: {filesystem: {rootdirectory: ${directory}/store}}`,
      tls
        ? `http: {addr: "127.0.0.1:${port}", tls: {certificate: ${directory}/cert.pem, key: ${directory}/key.pem}}`
        : `http: {addr: "127.0.0.1:${port}"}`,
    ];
    if (tls) makeCertificate(directory);
    if (user !== undefined) {
      const users = execFileSync("htpasswd", ["-nbB", user.name, user.password]);
      writeFileSync(join(directory, "users"), users);
      lines.push(`auth: {htpasswd: {realm: test, path: ${directory}/users}}`);
    }
    writeFileSync(join(directory, "config.yml"), lines.join("\n"));
    const child = spawn("docker-registry", ["serve", join(directory, "config.yml")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const server = new RegistryServer(child, directory, port);
    for (let attempt = 0; !(await server.#answers()); attempt++) {
      if (attempt === 200) throw new Error(`docker-registry does not start:\n${server.#log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return server;
  }

  /** Requests so far that match, as the registry's log has them. */
  requests(pattern: RegExp): number {
    return this.#log.split("\n").filter((line) => line.includes("HTTP/1.1") && pattern.test(line)).length;
  }

  /** Changes a stored blob behind the registry's back. */
  damage(digest: string): void {
    const hex = digest.replace("sha256:", "");
    const path = join(this.#directory, "store/docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    writeFileSync(path, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#child.exitCode === null && this.#child.signalCode === null;
    if (running && this.#child.kill("SIGKILL")) await once(this.#child, "close");
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** The certificate that signs this registry's, which is itself. */
  get authority(): string {
    return join(this.#directory, "cert.pem");
  }

  async #answers(): Promise<boolean> {
    if (this.#log.includes(", tls")) return true;
    try {
      const { status } = await fetch(`http://${this.host}/v2/`);
      return status === 200 || status === 401;
    } catch {
      return false;
    }
  }
}

function makeCertificate(directory: string): void {
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
  const files = ["-keyout", join(directory, "key.pem"), "-out", join(directory, "cert.pem")];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...key, ...subject, ...files], { stdio: "ignore" });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}
