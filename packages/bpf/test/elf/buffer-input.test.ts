import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readElf } from "../../src/elf/read-elf.ts";
import { stripDebug } from "../../src/elf/write.ts";
import { compileFixture } from "../compile-fixture.ts";

const name = readdirSync(join(import.meta.dirname, "../fixtures")).find((file) => file.endsWith(".bpf.c"))!;

describe("a file read with node:fs, which is a Buffer", () => {
  it("gives the same result as plain bytes, and is not written to", () => {
    const plain = new Uint8Array(compileFixture(name));
    const buffer = Buffer.from(plain);
    expect(stripDebug(buffer)).toEqual(stripDebug(plain));
    expect(buffer.equals(plain)).toBe(true);
    const elf = readElf(buffer);
    elf.data(elf.sections.at(-1)!).slice().fill(0);
    expect(buffer.equals(plain)).toBe(true);
  });
});
