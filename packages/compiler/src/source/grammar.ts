import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Language, Parser } from "web-tree-sitter";

let loading: Promise<Parser> | undefined;

/** tree-sitter with its grammar of C, loaded once: 840 KB of WebAssembly, about 25 ms. */
export function cParser(): Promise<Parser> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Parser> {
  await Parser.init({ wasmBinary: await readFile(wasmFile("web-tree-sitter", "web-tree-sitter.wasm")) });
  const parser = new Parser();
  parser.setLanguage(await Language.load(await readFile(wasmFile("tree-sitter-c", "tree-sitter-c.wasm"))));
  return parser;
}

/** In what we publish the files lie in a folder of our own; in the repository, where npm puts them. */
function wasmFile(module: string, file: string): string {
  const own = fileURLToPath(new URL(`../wasm/${file}`, import.meta.url));
  return existsSync(own) ? own : createRequire(import.meta.url).resolve(`${module}/${file}`);
}
