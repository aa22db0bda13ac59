/**
 * Copies the parser and its grammar of C next to what we publish: tree-sitter-c as a dependency would bring native
 * builds for seven platforms and an install script, for one file of 600 KB.
 * With an argument, to that folder; else to this package's dist/wasm.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = process.argv[2] ?? fileURLToPath(new URL("../dist/wasm", import.meta.url));
const { resolve } = createRequire(import.meta.url);

mkdirSync(target, { recursive: true });
for (const name of ["web-tree-sitter", "tree-sitter-c"]) {
  const wasm = resolve(`${name}/${name}.wasm`);
  copyFileSync(wasm, join(target, basename(wasm)));
  copyFileSync(join(dirname(wasm), "LICENSE"), join(target, `${name}.LICENSE`));
}
