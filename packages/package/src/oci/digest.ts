import { createHash } from "node:crypto";
import { MalformedError } from "@skep/bpf";

/** What registries call content: `sha256:` and 64 hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** @throws {MalformedError} when the bytes are not those that were asked for */
export function verifyDigest(bytes: Uint8Array, digest: string, what: string): void {
  const found = digestOf(bytes);
  if (found !== digest)
    throw new MalformedError(
      `${what} is not what it should be: its digest is ${found}, not ${digest}`,
      "do not use it; fetch it again, and ask whoever runs the server",
    );
}
