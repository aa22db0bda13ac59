import { InvalidArgumentError } from "../errors.ts";

/** A name or path as the kernel reads it, up to a NUL. @throws {InvalidArgumentError} when it has one, so that the kernel would read less */
export function cString(text: string): Uint8Array {
  if (text.includes("\0"))
    throw new InvalidArgumentError(`${JSON.stringify(text)} holds a NUL`, "pass a name without");
  return Buffer.from(`${text}\0`);
}
