import { describe, expect, it } from "vitest";
import { demangle } from "../src/demangle.ts";

/** A name that doubles with every step. */
function bomb(steps: number): string {
  const refs = Array.from({ length: steps }, (_, index) => index.toString(36).toUpperCase());
  return `_Z1f1PIiiE${refs.map((ref) => `S_IS${ref}_S${ref}_E`).join("")}`;
}

describe("demangle", () => {
  it.each([
    ["_ZNSt6vectorIiSaIiEE9push_backERKi", "std::vector<int, std::allocator<int> >::push_back(int const&)"],
    ["_ZNK3Foo3barEv", "Foo::bar() const"],
    ["_ZL6hiddenv", "hidden()"],
    ["_Z3addii.constprop.0", "add(int, int) [clone .constprop.0]"],
    ["_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"],
    ["_RNvC5crate3run", "crate::run"],
  ])("%s", (name, text) => {
    expect(demangle(name)).toBe(text);
  });

  it.each(["main", "_start", "_Z", "_R", "_Zz", "__libc_start_main", "", "Builtins_RegExpSplit", "_ZN3Foo"])(
    "leaves %s as it is",
    (name) => {
      expect(demangle(name)).toBe(name);
    },
  );

  it("does not write out a name that would take all memory, and goes on after it", () => {
    expect(demangle(bomb(30))).toBe(bomb(30));
    expect(demangle("_ZNK3Foo5laterEv")).toBe("Foo::later() const");
    for (let steps = 31; steps < 60; steps++) expect(demangle(bomb(steps))).toBe(bomb(steps));
    expect(demangle("_ZNK3Foo5otherEv")).toBe("Foo::other() const");
  });
});
