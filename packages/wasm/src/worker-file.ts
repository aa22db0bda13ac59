import { existsSync } from "node:fs";

/**
 * The file that the guest's thread runs: next to this one, in the package and in a bundle alike. Sources have no such file:
 * then it is the one that was built.
 */
export function workerFile(): URL {
  const beside = new URL("./wasm-worker.js", import.meta.url);
  return existsSync(beside) ? beside : new URL("../dist/wasm-worker.js", import.meta.url);
}
