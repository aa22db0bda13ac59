import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Btf } from "../../src/btf/btf.ts";
import { printC } from "../../src/btf/print-c.ts";
import { compileToBtf, roundTrip } from "./c-round-trip.ts";

const VMLINUX = "/sys/kernel/btf/vmlinux";

describe.skipIf(!existsSync(VMLINUX))("vmlinux.h from the running kernel's BTF", () => {
  let btf: Btf;
  let folder: string;
  beforeAll(() => {
    btf = Btf.parse(readFileSync(VMLINUX));
    folder = mkdtempSync(join(tmpdir(), "skep-vmlinux-"));
    writeFileSync(join(folder, "vmlinux.h"), printC(btf));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("compiles to the same size and offsets for every struct and union", () => {
    const { compared, differences } = roundTrip(btf);
    expect(compared).toBeGreaterThan(1000);
    // clang's own va_list for BPF is a pointer; the kernel's is the platform's.
    expect(differences.filter((line) => !line.startsWith("warn_args has"))).toEqual([]);
  });

  it("compiles with the kernel's functions declared too", () => {
    compileToBtf('#include "vmlinux.h"\nint x;\n', { "vmlinux.h": printC(btf, { kfuncs: true }) });
  });

  for (const source of programs()) {
    const name = basename(source);
    it.concurrent(`compiles ${name}`, async () => {
      const flags = ["-target", "bpfel", "-g", "-O2", "-Wall", "-Werror", "-D__TARGET_ARCH_x86"];
      const include = [`-I${dirname(source)}`, `-I${folder}`, "-I/usr/include/x86_64-linux-gnu"];
      const output = join(folder, `${name}.o`);
      await promisify(execFile)("clang", [...flags, ...include, "-c", source, "-o", output]);
      expect(existsSync(output)).toBe(true);
    });
  }
});

/** The bundled tools and the library's fixtures, all of which include `vmlinux.h`. */
function programs(): string[] {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  return ["tools", "packages/bpf/test/fixtures"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".bpf.c"))
      .map((name) => join(root, folder, name)),
  );
}
