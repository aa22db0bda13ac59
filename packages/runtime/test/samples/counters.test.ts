import { describe, expect, it } from "vitest";
import { growth, isCounting, isZero, sum } from "../../src/samples/counters.ts";
import type { Shape } from "../../src/shapes/shape.ts";
import { array, comm, s32, struct, u32, u64 } from "../kind.ts";

const hist: Shape = struct({ slots: array(u32, 3), comm });

describe("isCounting", () => {
  it.each<[string, Shape, boolean]>([
    ["an unsigned integer", u64, true],
    ["an array of them", array(u32, 26), true],
    ["slots beside a name", hist, true],
    ["counts and bytes", struct({ count: u64, bytes: u64, total_ns: u64 }), true],
    ["a signed integer, which may be a level", s32, false],
    ["a process id beside a count", struct({ pid: u32, count: u64 }), false],
    ["a maximum beside a sum", struct({ total_time: u64, max_total: u64 }), false],
    ["text", comm, false],
  ])("%s: %s", (_, shape, counts) => {
    expect(isCounting(shape)).toBe(counts);
  });
});

describe("growth", () => {
  it("is the whole value at the first look, then the difference, member by member", () => {
    expect(growth(u32, 5, undefined)).toBe(5);
    expect(growth(u64, 2n ** 63n + 5n, 2n ** 63n)).toBe(5n);
    expect(growth(hist, { slots: [3, 0, 9], comm: "new" }, { slots: [1, 0, 9], comm: "old" })).toEqual({
      slots: [2, 0, 0],
      comm: "new",
    });
  });

  it("goes on across the end of 32 and of 64 bits", () => {
    expect(growth(u32, 4, 0xffff_fffe)).toBe(6);
    expect(growth(u64, 4n, 0xffff_ffff_ffff_fffen)).toBe(6n);
  });

  it("takes a counter that is far below where it was for a new one", () => {
    expect(growth(u32, 3, 500)).toBe(3);
    expect(growth(u64, 3n, 500n)).toBe(3n);
  });
});

describe("sum", () => {
  it("has no end at 32 bits", () => {
    expect(sum(u32, 0xffff_ffff, 0xffff_ffff)).toBe(8_589_934_590);
    expect(sum(u64, 2n ** 64n - 1n, 1n)).toBe(2n ** 64n);
    expect(sum(hist, { slots: [1, 2, 3], comm: "a" }, { slots: [1, 1, 1], comm: "b" })).toEqual({
      slots: [2, 3, 4],
      comm: "a",
    });
  });
});

describe("isZero", () => {
  it("looks at numbers only", () => {
    expect(isZero(hist, { slots: [0, 0, 0], comm: "name" })).toBe(true);
    expect(isZero(hist, { slots: [0, 1, 0], comm: "" })).toBe(false);
    expect(isZero(u64, 0n)).toBe(true);
  });
});

describe("sum of the shares of CPUs", () => {
  const shape = struct({ count: u64, max_ns: u64, min_ns: u64 });

  it("is the largest of what is called max, and the smallest of min that is any", () => {
    const one = { count: 3n, max_ns: 10n, min_ns: 2n };
    expect(sum(shape, one, { count: 4n, max_ns: 7n, min_ns: 5n })).toEqual({
      count: 7n,
      max_ns: 10n,
      min_ns: 2n,
    });
    expect(sum(shape, one, { count: 0n, max_ns: 0n, min_ns: 0n })).toEqual({
      count: 3n,
      max_ns: 10n,
      min_ns: 2n,
    });
  });
});
