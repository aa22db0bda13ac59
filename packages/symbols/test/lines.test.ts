import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readElf } from "@skep/bpf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LineTable } from "../src/dwarf/line-table.ts";
import { elfLines } from "../src/elf/elf-lines.ts";
import { readElfParts } from "../src/elf/elf-parts.ts";

const MAIN = `#include "twice.h"
static int plus(int left, int right) { return left + right; }
int fold(const int *numbers, int count)
{
	int sum = 0;
	for (int index = 0; index < count; index++)
		sum = plus(sum,
			   twice(numbers[index]));
	return sum;
}
int dropped(int number)
{
	return number * 3;
}
int main(int argc, char **argv) { return fold(&argc, 1) + argv[0][0]; }
`;
const HEADER = `static inline int twice(int number)
{
	if (number > 1000)
		return -1;
	return number * 2;
}
`;

describe("lines of sources", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-lines-"));
    writeFileSync(join(folder, "main.c"), MAIN);
    writeFileSync(join(folder, "twice.h"), HEADER);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function build(compiler: string, ...flags: string[]): string {
    const path = join(folder, "main");
    execFileSync(compiler, [...flags, join(folder, "main.c"), "-o", path], { cwd: folder });
    return path;
  }
  function linesOf(path: string): LineTable | undefined {
    const file = openSync(path, "r");
    try {
      return elfLines(readElfParts(file));
    } finally {
      closeSync(file);
    }
  }
  /** Every address in .text, as LLVM understands it (binutils 2.40 is wrong about the files of version 5). */
  function truth(path: string): { addresses: number[]; places: string[] } {
    const text = readElf(readFileSync(path)).section(".text")!;
    const addresses = Array.from({ length: text.size }, (_, index) => text.address + index);
    const places = execFileSync("llvm-addr2line", ["-e", path], {
      encoding: "utf8",
      input: addresses.map((address) => address.toString(16)).join("\n"),
    });
    return { addresses, places: places.trim().split("\n") };
  }

  it.each([
    ["gcc", "-gdwarf-2"],
    ["gcc", "-gdwarf-3"],
    ["gcc", "-gdwarf-4"],
    ["gcc", "-gdwarf-5"],
    ["gcc", "-gdwarf-5", "-O2"],
    ["gcc", "-g", "-gdwarf64", "-O1"],
    ["gcc", "-g", "-gz=zlib"],
    ["gcc", "-g", "-ffunction-sections", "-Wl,--gc-sections"],
    ["clang", "-gdwarf-4", "-O1"],
    ["clang", "-gdwarf-5", "-O2"],
  ])("%s %s %s %s: the same as llvm-addr2line, for every address", (compiler, ...flags) => {
    const path = build(compiler, ...flags.filter(Boolean));
    const lines = linesOf(path);
    const { addresses, places } = truth(path);
    let known = 0;
    for (const [index, address] of addresses.entries()) {
      const [, file = "", line = "?"] = /^(.*):(\d+|\?)(?: .*)?$/.exec(places[index] ?? "") ?? [];
      const found = lines?.find(address);
      if (line === "?" || line === "0") {
        expect(found).toBeUndefined();
        continue;
      }
      known++;
      expect(found?.line, `${address.toString(16)} ${places[index]}`).toBe(Number(line));
      // Up to version 4 the folder of the compiler is not in this table.
      expect(file.endsWith(found?.file ?? "none"), `${file} ${found?.file}`).toBe(true);
    }
    expect(known).toBeGreaterThan(50);
  });

  it("is nothing where there is no table", () => {
    const path = build("gcc");
    expect(linesOf(path)).toBeUndefined();
  });

  it.each(["-gdwarf-4", "-gdwarf-5"])("survives every cut and every wrong byte (%s)", (version) => {
    const elf = readElf(readFileSync(build("gcc", version)));
    const bytes = (name: string) => {
      const section = elf.section(name);
      return section === undefined ? new Uint8Array(0) : elf.data(section).slice();
    };
    const text = elf.section(".text")!;
    const names = bytes(".debug_line_str");
    const whole = bytes(".debug_line");
    const ask = (lines: Uint8Array) => {
      const table = new LineTable({ lines, names, littleEndian: true });
      for (let address = text.address; address < text.address + text.size; address += 5) table.find(address);
    };
    for (let at = 0; at < whole.length; at++) {
      ask(whole.subarray(0, at));
      for (const value of [0, 0x7f, 0xff, (whole[at] ?? 0) ^ 0x10]) {
        const wrong = whole.slice();
        wrong[at] = value;
        ask(wrong);
      }
    }
  });
});
