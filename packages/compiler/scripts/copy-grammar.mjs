/**
 * Copies the parser and its grammar of C next to what we publish: tree-sitter-c as a dependency would bring native
 * builds for seven platforms and an install script, for one file of 600 KB.
 * With an argument, to that folder; else to this package's dist/wasm.
 */
import { copyFileSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const target = process.argv[2] ?? fileURLToPath(new URL("../dist/wasm", import.meta.url));
const { resolve } = createRequire(import.meta.url);

mkdirSync(target, { recursive: true });
for (const file of ["web-tree-sitter/web-tree-sitter.wasm", "tree-sitter-c/tree-sitter-c.wasm"])
  copyFileSync(resolve(file), join(target, basename(file)));
