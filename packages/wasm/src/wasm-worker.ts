import { workerData } from "node:worker_threads";
import { bpfImports } from "./guest/bpf-imports.ts";
import { Guest, GuestFault } from "./guest/guest.ts";
import { Host } from "./guest/host.ts";
import { wasiStreams } from "./guest/wasi.ts";
import type { GuestInput, GuestNote } from "./protocol.ts";

/** The thread of a guest: links the module, runs it, and says how it ended. */
const { module, args, shared, port } = workerData as GuestInput;
const host = new Host(port, shared);
host.say(await run());
// The other thread ends this one: a thread that ends by itself may overtake its last words.
host.rest();

async function run(): Promise<GuestNote> {
  const guest = new Guest(host);
  try {
    const wasi = await openWasi();
    const available: WebAssembly.Imports = {
      ...bpfImports(guest),
      wasi_snapshot_preview1: { ...wasi.wasiImport, ...wasiStreams(guest) } as WebAssembly.ModuleImports,
    };
    const missing = missingImports(available);
    if (missing !== undefined) return missing;
    const instance = await WebAssembly.instantiate(module, available);
    guest.attach(instance);
    // Node refuses modules that export _initialize as well.
    const { memory, _start } = instance.exports;
    return { say: "exit", code: wasi.start({ exports: { memory, _start } }) ?? 0 };
  } catch (error) {
    return { say: "trap", message: describe(error) };
  }
}

/** Node warns that WASI is experimental: nothing that the user of a program could act on. */
async function openWasi(): Promise<
  import("node:wasi").WASI & { start(instance: object): number | undefined }
> {
  process.emitWarning = () => {};
  const { WASI } = await import("node:wasi");
  return new WASI({ version: "preview1", args: [...args], env: {}, returnOnExit: true });
}

function missingImports(available: WebAssembly.Imports): GuestNote | undefined {
  const missing = WebAssembly.Module.imports(module).filter(
    ({ module: from, name, kind }) => kind !== "function" || !Object.hasOwn(available[from] ?? {}, name),
  );
  const first = missing[0];
  if (first === undefined) return undefined;
  const others = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  return {
    say: "unsupported",
    message: `the WebAssembly module imports the ${first.kind} ${first.module}.${first.name}${others}, which is not there`,
    next: "a program has wasm_bpf, WASI preview 1 (wasi_snapshot_preview1) and Go's callback-wrapper to import from",
  };
}

function describe(error: unknown): string {
  if (error instanceof GuestFault) return error.message;
  if (!(error instanceof Error)) return `the WebAssembly program threw ${String(error)}`;
  const where = guestFrames(error.stack ?? "");
  const what = error instanceof RangeError ? "ran out of stack" : `trapped: ${error.message}`;
  return `the WebAssembly program ${what}${where === "" ? "" : `, in ${where}`}`;
}

/** Innermost functions of the guest, by name where the module has names. */
function guestFrames(stack: string): string {
  const frames = [...stack.matchAll(/^ +at (?:(\S+) \()?wasm:\/\/\S+?wasm-function\[(\d+)\]/gm)];
  return frames
    .slice(0, 4)
    .map(([, name, index]) => name?.replace(/^.*\.wasm\./, "") ?? `function ${index}`)
    .join(" < ");
}
