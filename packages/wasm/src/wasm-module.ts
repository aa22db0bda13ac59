import { MalformedError, UnsupportedError } from "@skep/bpf";
import { isWasm } from "./is-wasm.ts";

/**
 * Compiles a module that is a program: one that exports its memory and a `_start`.
 * @throws {MalformedError} when it is no valid module; {UnsupportedError} when it is one, but no program
 */
export async function compileProgram(bytes: Uint8Array): Promise<WebAssembly.Module> {
  const module = await compile(bytes);
  const kinds = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]));
  if (kinds.has("bpf_main") && !kinds.has("_start"))
    throw new UnsupportedError(
      "the WebAssembly module is built for eunomia-bpf's first runtime (it exports bpf_main), which ecli no longer has either",
      "build it against wasm_bpf, or run the package that it carries",
    );
  if (kinds.get("_start") !== "function")
    throw new UnsupportedError(
      "the WebAssembly module exports no function _start: it is a library, not a program",
      "build it as a WASI command (with a main function, and without -mexec-model=reactor)",
    );
  if (kinds.get("memory") !== "memory")
    throw new UnsupportedError(
      'the WebAssembly module does not export its memory as "memory"',
      "build it with wasi-sdk, TinyGo or Rust's wasm32-wasi target",
    );
  return module;
}

async function compile(bytes: Uint8Array): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes as Uint8Array<ArrayBuffer>);
  } catch (cause) {
    const said = (cause as Error).message.replace(/^WebAssembly\.compile\(\): /, "");
    throw new MalformedError(
      `not a valid WebAssembly module: ${said}`,
      isComponent(bytes)
        ? "this is a component: build a core module (WASI preview 1)"
        : "build or download it again",
      { cause },
    );
  }
}

/** A component has version 0x0d and layer 1 where a module has version 1. */
function isComponent(bytes: Uint8Array): boolean {
  return isWasm(bytes) && bytes[6] === 1;
}
