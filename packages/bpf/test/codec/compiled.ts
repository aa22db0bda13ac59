import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Btf } from "../../src/btf/btf.ts";
import { compileFixture } from "../compile-fixture.ts";

/** The type information of a fixture, and the bytes that clang put into its sections. */
export interface Compiled {
  readonly btf: Btf;
  section(name: string): DataView;
}

export function compiled(fixture: string, target: "bpfel" | "bpfeb" = "bpfel"): Compiled {
  const object = compileFixture(fixture, { target });
  return {
    btf: Btf.parse(dumpSection(object, ".BTF")),
    section: (name) => viewOfBytes(dumpSection(object, name)),
  };
}

function viewOfBytes(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Asks LLVM, not our own ELF reader: a truth from outside. */
function dumpSection(object: Uint8Array, name: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), "skep-codec-"));
  try {
    const [input, output] = [join(folder, "in.o"), join(folder, "section")];
    writeFileSync(input, object);
    execFileSync("llvm-objcopy", ["--dump-section", `${name}=${output}`, input, join(folder, "out.o")]);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
