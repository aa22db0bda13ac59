import { describe, expect, it } from "vitest";
import { parseKallsyms } from "../src/kernel/kallsyms.ts";
import { KernelSymbols } from "../src/kernel/kernel-symbols.ts";
import { symbolText } from "../src/symbolized.ts";
import { Symbolizer } from "../src/symbolizer.ts";

const TEXT = `0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T startup_64
ffffffff81000100 t helper
ffffffff81000200 W __weak_one
ffffffff81000200 T strong_one
ffffffff81000200 t ___local_one
ffffffff81000300 T last_of_text
ffffffff81000400 T _etext
ffffffffc0000000 t module_init\t[some_module]
ffffffffc0001000 t bpf_prog_6deef7357e7b4530_count\t[bpf]
ffffffffa0000000 t early_module.llvm.1234567\t[other]
`;
const bytes = (text: string) => new TextEncoder().encode(text);
const symbols = new KernelSymbols(() => bytes(TEXT));
const at = (...addresses: bigint[]) => symbols.symbolize(addresses).map(symbolText);

describe("KernelSymbols", () => {
  it("names the function that an address is in, and how far in", () => {
    expect(at(0xffffffff81000100n, 0xffffffff8100013fn)).toEqual(["helper", "helper+0x3f"]);
  });

  it("prefers the name that people use: global before local and weak ones", () => {
    expect(at(0xffffffff81000210n)).toEqual(["strong_one+0x10"]);
    expect(at(0xffffffff81000010n)).toEqual(["startup_64+0x10"]);
  });

  it("finds modules and BPF programs, wherever the file lists them", () => {
    expect(symbols.symbolize([0xffffffffc0000010n, 0xffffffffa0000004n, 0xffffffffc0001001n])).toEqual([
      { kind: "found", name: "module_init", offset: 0x10n, module: "some_module" },
      { kind: "found", name: "early_module", offset: 4n, module: "other" },
      { kind: "found", name: "bpf_prog_6deef7357e7b4530_count", offset: 1n, module: "bpf" },
    ]);
  });

  it("gives no name behind the end of the text, far from any symbol, or outside of the kernel", () => {
    expect(at(0xffffffff81000401n, 0xffffffff90000000n, 0xffffffffc1000000n, 0x1000n, 0n)).toEqual(
      Array.from({ length: 5 }, () => "[unknown]"),
    );
    expect(at(0xffffffffc0001000n + 0x10000n)).toEqual(["[unknown]"]);
  });

  it("says that the kernel hides its addresses", () => {
    const hidden = new KernelSymbols(() => bytes("0000000000000000 T _stext\n0000000000000000 t helper\n"));
    expect(hidden.symbolize([0xffffffff81000100n])[0]).toMatchObject({
      kind: "missing",
      reason: "kptr_restrict",
    });
    const unreadable = new KernelSymbols(() => {
      throw new Error("EACCES");
    });
    expect(unreadable.symbolize([1n])[0]).toMatchObject({ kind: "missing", reason: "kptr_restrict" });
  });

  it("names the call of each frame, not what lies behind a call that never returns", () => {
    const stack = [0xffffffff81000200n, 0xffffffff81000200n, 0xffffffff81000105n];
    expect(new Symbolizer(symbols).kernelStacks([stack])[0]?.map(symbolText)).toEqual([
      "strong_one",
      "helper+0x100",
      "helper+0x5",
    ]);
  });

  it("reads the file once for many questions", () => {
    let reads = 0;
    const counting = new KernelSymbols(() => {
      reads++;
      return bytes(TEXT);
    });
    for (let index = 0n; index < 100n; index++) counting.symbolize([0xffffffff81000100n + index, 5n]);
    expect(reads).toBe(1);
  });
});

describe("parseKallsyms", () => {
  it.each([
    "",
    "\n",
    "x",
    "ffffffff81000000",
    "ffffffff81000000 T",
    "zzzzzzzzzzzzzzzz T name\n",
    "\0".repeat(100),
  ])("survives %j", (text) => {
    expect(parseKallsyms(bytes(text)).find(0xffffffff81000000n)?.name ?? "none").toBe("none");
  });

  it("takes a last line without its end", () => {
    expect(parseKallsyms(bytes("ffffffff81000000 T name")).find(0xffffffff81000001n)).toEqual({
      name: "name",
      offset: 1,
      module: undefined,
    });
  });
});
