import { describe, expect, it } from "vitest";
import { NotFoundError, PermissionError, RelocationError } from "../../src/errors.ts";
import { EACCES, ENOENT } from "../../src/linux/errno.ts";
import { Kallsyms } from "../../src/linux/kallsyms.ts";
import { filesWith, type Said } from "./files-with.ts";

const text = `ffffffff81000000 T _text
ffffffff81000100 t helper
ffffffff81000200 t helper
ffffffff81000300 T twice
ffffffff81000300 t twice
ffffffff81000400 t static_call.llvm.1234567890
ffffffff81000500 t split.constprop.0
0000000000000000 T hidden
ffffffffc0000000 t in_module\t[veth]
ffffffffc0000100 t last_one`;

function symbols(said: Said = text): Kallsyms {
  return new Kallsyms(filesWith(() => said));
}

describe("kernel symbols", () => {
  it.each([
    ["_text", 0xffffffff81000000n],
    ["twice", 0xffffffff81000300n],
    ["static_call", 0xffffffff81000400n],
    ["in_module", 0xffffffffc0000000n],
    ["last_one", 0xffffffffc0000100n],
  ])("finds %s", (name, address) => {
    expect(symbols().address(name)).toBe(address);
  });

  it.each(["_tex", "text", "split", "veth", "T", "", "nowhere"])("does not find %j", (name) => {
    expect(() => symbols().address(name)).toThrow(NotFoundError);
  });

  it("does not choose between two functions of one name", () => {
    expect(() => symbols().address("helper")).toThrow(RelocationError);
    expect(symbols().addresses("helper")).toEqual([0xffffffff81000100n, 0xffffffff81000200n]);
  });

  it("are read once for all lookups of a turn, and anew for later ones", async () => {
    let reads = 0;
    const counted = new Kallsyms(
      filesWith(() => {
        reads++;
        return text;
      }),
    );
    counted.address("_text");
    counted.address("twice");
    expect(reads).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    counted.address("_text");
    expect(reads).toBe(2);
  });

  it("says when the kernel hides addresses", () => {
    expect(() => symbols().address("hidden")).toThrow(PermissionError);
  });

  it("says when the list may not be read, and when there is none", () => {
    expect(() => symbols(EACCES).address("_text")).toThrow(PermissionError);
    expect(() => symbols(EACCES).address("_text")).toThrow("/proc/kallsyms may not be read (EACCES)");
    expect(() => symbols(ENOENT).address("_text")).toThrow(NotFoundError);
  });
});
