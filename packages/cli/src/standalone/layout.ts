import { createHash } from "node:crypto";

/**
 * A standalone program is one file: a shell script that starts Node, the code that unpacks, a line of JSON with this, and the
 * files, compressed.
 */
export interface Manifest {
  /** The program's. */
  readonly name: string;
  /** Of all files: names the folder they are unpacked to. */
  readonly digest: string;
  /** `linux-x64`: processes it can run in. */
  readonly platforms: readonly string[];
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: string }[];
}

/** Marks where the script ends; the length of the unpacking code follows, and a newline. */
export const MARK = "\n#payload ";
/** What is run once unpacked, and what it runs. */
export const ENTRY = "run.mjs";
export const PROGRAM = "program";

/** SHA-256 in hexadecimal, as the manifest has it. */
export function digestOf(contents: string | Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}
