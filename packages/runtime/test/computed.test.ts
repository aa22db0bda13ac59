import { describe, expect, it } from "vitest";
import { computedMembers, computedValues, readComputed } from "../src/shapes/computed.ts";

const read = (text: string) => {
  const computed = readComputed(text);
  if (typeof computed === "string") throw new Error(computed);
  return computed;
};

describe("@computed", () => {
  it("makes columns of members, and of columns before them", () => {
    const computed = read("misses = added - created, hits = all - misses, ratio = hits / all as percent");
    expect(computedValues(computed, { added: 30, created: 10, all: 100 })).toEqual({
      misses: 20,
      hits: 80,
      ratio: 0.8,
    });
    expect(computed.map(({ format }) => format)).toEqual([undefined, undefined, "percent"]);
    expect(computedMembers(computed).map(({ shape }) => shape.kind)).toEqual(["integer", "integer", "float"]);
  });

  it("knows no negative counts, and no division by zero", () => {
    const computed = read("less = a - b, part = a / zero, sum = a + b");
    expect(computedValues(computed, { a: 1, b: 2, zero: 0 })).toEqual({ less: 0, part: 0, sum: 3 });
  });

  it("keeps all digits of wide numbers", () => {
    const wide = (1n << 60n) + 1n;
    expect(computedValues(read("sum = a + b, less = a - b"), { a: wide, b: 1 })).toEqual({
      sum: wide + 1n,
      less: wide - 1n,
    });
  });

  it("says what it cannot read", () => {
    for (const text of ["", "a", "a = b", "a = b * c", "a = b / c as", "a = b / c / d"])
      expect(readComputed(text), text).toMatch(/cannot read/);
  });
});
