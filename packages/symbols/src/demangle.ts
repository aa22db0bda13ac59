import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { withMemoryLimit } from "./memory-limit.ts";

/** What names of C++ and Rust begin with when a compiler has written all of their types into them. */
const MANGLED = /^_{1,2}[ZR]./;

/** Longer names are shown as they are. */
const MOST_NAME = 4096;
/** Names that were asked for lately. */
const MOST_KEPT = 16_384;
/**
 * Pages of 64 KB. A name of 200 letters can stand for one of gigabytes: what does not fit in here is not written out.
 */
const MOST_PAGES = 64;
/** Such names are made on purpose: after so many of them no more are tried. */
const MOST_FAILURES = 64;

interface Demangler {
  readonly memory: WebAssembly.Memory;
  demangle_any(at: number, length: number): [at: number, length: number];
  __wbindgen_malloc(size: number, alignment: number): number;
  __wbindgen_free(at: number, size: number, alignment: number): void;
}

const kept = new Map<string, string>();
let module: WebAssembly.Module | undefined;
let demangler: Demangler | undefined;
let failures = 0;

/** A function's name as its source spells it: `_ZN3Foo3barEv` is `Foo::bar()`. Other names stay as they are. */
export function demangle(name: string): string {
  if (!MANGLED.test(name) || name.length > MOST_NAME) return name;
  const known = kept.get(name);
  if (known !== undefined) return known;
  const text = tryDemangle(name);
  if (kept.size >= MOST_KEPT) kept.clear();
  kept.set(name, text);
  return text;
}

function tryDemangle(name: string): string {
  if (failures >= MOST_FAILURES) return name;
  try {
    demangler ??= load();
    const bytes = Buffer.from(name);
    const at = demangler.__wbindgen_malloc(bytes.length, 1);
    new Uint8Array(demangler.memory.buffer).set(bytes, at);
    const [start, length] = demangler.demangle_any(at, bytes.length);
    const text = Buffer.from(demangler.memory.buffer, start, length).toString();
    demangler.__wbindgen_free(start, length, 1);
    // A name that is none comes back as it was, or without its underscore.
    return text.length > MOST_NAME || name.endsWith(text) ? name : text;
  } catch {
    // What stopped in the middle is not used again.
    demangler = undefined;
    failures++;
    return name;
  }
}

/** Mozilla's demangler: cpp_demangle and rustc-demangle, compiled to WebAssembly. */
function load(): Demangler {
  module ??= new WebAssembly.Module(withMemoryLimit(readFileSync(wasmFile()), MOST_PAGES));
  const imports = { "./index_bg.js": { __wbindgen_init_externref_table: () => {} } };
  const { exports } = new WebAssembly.Instance(module, imports);
  return exports as unknown as Demangler;
}

/** In the bundle the file lies in a folder of its own; else where npm puts it. */
function wasmFile(): string {
  const own = fileURLToPath(new URL("../wasm/gecko-profiler-demangle.wasm", import.meta.url));
  return existsSync(own)
    ? own
    : createRequire(import.meta.url).resolve("gecko-profiler-demangle/index_bg.wasm");
}
