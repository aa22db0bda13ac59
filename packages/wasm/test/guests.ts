import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type RunWasmOptions, runWasm, type WasmRun } from "@skep/wasm";
import wabt from "wabt";
import { compileFixture } from "../../bpf/test/compile-fixture.ts";

const fixtures = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** A module from its text. */
export async function fromText(text: string): Promise<Uint8Array> {
  const module = (await wabt()).parseWat("guest.wat", text);
  try {
    return module.toBinary({ write_debug_names: true }).buffer;
  } finally {
    module.destroy();
  }
}

/** The eBPF object that the guests load. */
export function signalsObject(): Uint8Array {
  return compileFixture(join(fixtures, "signals.bpf.c"));
}

/** A C file of `fixtures` as a WASI program, with the object inside as `object_bytes`. */
export function compileGuest(name: string, flags: readonly string[] = []): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "skep-guest-"));
  try {
    const bytes = signalsObject().join(",");
    writeFileSync(join(folder, "object.h"), `static const unsigned char object_bytes[] = {${bytes}};\n`);
    const out = join(folder, "guest.wasm");
    const common = ["--target=wasm32-wasi", "-O2", "-Wall", `-I${folder}`, "-Wl,--export-table", "-o", out];
    execFileSync("clang", [...common, ...flags, join(fixtures, name)], { stdio: ["ignore", "pipe", "pipe"] });
    return new Uint8Array(readFileSync(out));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A guest at work, and what it has said. */
export class Guest {
  stdout = "";
  stderr = "";
  readonly problems: string[] = [];
  readonly #stop = new AbortController();
  readonly result: Promise<WasmRun>;

  constructor(module: Uint8Array, args: readonly string[] = [], options: Partial<RunWasmOptions> = {}) {
    const collect = (stream: "stdout" | "stderr") =>
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          this[stream] += chunk.toString();
          done();
        },
      });
    this.result = runWasm(module, {
      args: ["guest", ...args],
      stdout: collect("stdout"),
      stderr: collect("stderr"),
      signal: this.#stop.signal,
      onProblem: (call, error) =>
        this.problems.push(`${call}: ${error instanceof Error ? error.message : String(error)}`),
      ...options,
    });
    this.result.catch(() => {});
  }

  interrupt(): void {
    this.#stop.abort();
  }

  async says(text: string): Promise<void> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    this.result.then(end, end);
    while (!this.stdout.includes(text)) {
      if (ended)
        throw new Error(`the guest ended early: ${this.stdout}${this.stderr}${this.problems.join("\n")}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Causes events of a kind, numbered from `from`. */
export function sendSignals(kind: number, from: number, count: number): void {
  for (let number = from; number < from + count; number++) {
    try {
      process.kill(0x3f000000 + kind * 0x100000 + number, 0);
    } catch {
      // There is no such process: that is the point.
    }
  }
}
