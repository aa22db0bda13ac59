import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { unxz } from "../src/xz/xz.ts";

const xz = (bytes: Uint8Array, ...flags: string[]) =>
  execFileSync("xz", ["--stdout", ...flags], { input: bytes, maxBuffer: 1 << 28 });
const MOST = 1 << 26;

const node = readFileSync(process.execPath).subarray(0, 3 << 20);
const same = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

describe("unxz", () => {
  it.each([
    ["nothing", Buffer.alloc(0), []],
    ["text", Buffer.from("hello, hello, hello world"), []],
    ["a long run", Buffer.alloc(5_000_000, 7), ["-9"]],
    ["noise, which xz stores", randomBytes(300_000), []],
    ["a program", node, ["-0"]],
    ["a program, in many blocks", node, ["--block-size=400000", "--check=sha256"]],
    ["a program without a check", node, ["-9", "--check=none"]],
    ["other properties", node.subarray(0, 500_000), ["--lzma2=preset=6,lc=1,lp=3,pb=0"]],
  ])("gives back %s", (_, bytes, flags) => {
    expect(same(unxz(xz(bytes, ...flags), MOST), bytes)).toBe(true);
  });

  it("stops at the limit, before it takes the memory", () => {
    expect(() => unxz(xz(Buffer.alloc(10_000_000)), 1_000_000)).toThrow("more than 1000000 bytes");
  });

  it("says no to what it has no filter for", () => {
    expect(() => unxz(xz(node.subarray(0, 1000), "--x86", "--lzma2"), MOST)).toThrow("not LZMA2");
    expect(() => unxz(Buffer.from("no xz file at all"), MOST)).toThrow("no xz file");
  });

  it("survives every cut and every wrong byte", () => {
    const packed = xz(node.subarray(0, 20_000), "--check=none");
    // Behind the data stands an index that nobody needs.
    for (let index = 0; index < packed.length - 64; index += 37) {
      expect(() => unxz(packed.subarray(0, index), MOST)).toThrow(/^xz: /);
      const wrong = Buffer.from(packed);
      wrong[index] = (wrong[index] ?? 0) ^ 0x55;
      try {
        unxz(wrong, MOST);
      } catch (error) {
        expect(String(error)).toMatch(/MalformedError: xz: |^Error: xz: /);
      }
    }
  });
});
