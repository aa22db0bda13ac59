import { publicKey, requirePackageSignature, requireWasmSignature } from "@skep/package/distribution";
import type { FoundProgram } from "./find-program.ts";
import { readKeyFile } from "./read-input-file.ts";

/** @throws {PermissionError} when the program is not as the key's owner signed it */
export function checkSignature(found: FoundProgram, what: string, keyFile: string): void {
  const key = publicKey(readKeyFile(keyFile));
  if (found.kind === "wasm") requireWasmSignature(found.module, key, what);
  else requirePackageSignature(found.package, key, what);
}
