import { spawn } from "node:child_process";
import { MalformedError, NotFoundError } from "@skep/bpf";

/**
 * Unpacks an `.xz` stream with the machine's own xz: Node has no such decoder.
 * @throws {NotFoundError} no xz here; {MalformedError} damaged, or more than `maxBytes`
 */
export function unxz(bytes: Uint8Array, what: string, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn("xz", ["--decompress", "--stdout"], { stdio: ["pipe", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    let size = 0;
    const fail = (error: Error): void => {
      child.kill();
      reject(error);
    };
    child.on("error", (cause) =>
      fail(
        new NotFoundError(
          `${what} is packed with xz, and xz cannot be run here`,
          "install it (Debian, Ubuntu: apt install xz-utils), or unpack the files first",
          { cause },
        ),
      ),
    );
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes)
        fail(new MalformedError(`${what} holds more than ${maxBytes} bytes`, "unpack it first"));
      else chunks.push(chunk);
    });
    // xz that gives up early closes its input: its exit status says why.
    child.stdin.on("error", () => {});
    child.stdin.end(bytes);
    child.on("close", (status) => {
      if (status === 0) resolve(new Uint8Array(Buffer.concat(chunks)));
      else reject(new MalformedError(`${what} is a damaged xz file`, "fetch it again"));
    });
  });
}
