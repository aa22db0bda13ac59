import { gunzipSync } from "node:zlib";
import { MalformedError } from "@skep/bpf";

/** @throws {MalformedError} for a damaged stream or one that holds more than `maxBytes` */
export function gunzip(bytes: Uint8Array, what: string, maxBytes: number): Uint8Array {
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: maxBytes }));
  } catch (cause) {
    const tooLarge = (cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new MalformedError(
      `${what} ${tooLarge ? `holds more than ${maxBytes} bytes` : "is a damaged gzip file"}`,
      tooLarge ? "unpack it and look what it is" : "fetch or build it again",
      { cause },
    );
  }
}
