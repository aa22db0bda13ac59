import { describe, expect, it } from "vitest";
import { decoderOf } from "../../src/codec/decoder.ts";
import { type BpfInput, encoderOf } from "../../src/codec/encoder.ts";
import { viewOf } from "../../src/codec/view.ts";
import { InvalidArgumentError, MalformedError } from "../../src/errors.ts";
import { compiled } from "./compiled.ts";

const expected = {
  a8: 250,
  b8: -3,
  a16: 65000,
  b16: -3000,
  a32: 4000000000,
  b32: -2000000000,
  a64: 18000000000000000000n,
  b64: -9000000000000000000n,
  a128: (0xfedcba9876543210n << 64n) | 0x0123456789abcdefn,
  b128: -5n,
  yes: true,
  no: false,
  letter: 113,
  color: { name: "BLUE", value: 70000 },
  unknown: { name: undefined, value: 77 },
  comm: "systemd-journal",
  odd: "abcd",
  full: "wxyz",
  names: ["one", "three"],
  mac: [0, 17, 34, 51, 68, 255],
  matrix: [
    [1, 2, 3],
    [4, 5, 60000],
  ],
  point: { x: 7, y: -8 },
  path: [
    { x: 1, y: -1 },
    { x: 2, y: -2 },
    { x: 3, y: -3 },
  ],
  inner_a: 11,
  inner_b: 0x01020304,
  pointer: 0n,
  f32: 1.5,
  f64: -2.25,
  flag1: 1,
  flag3: 5,
  small: -9,
  wide: 0xabcde,
  long40: 0x123456789an,
  minus: -60n,
  on: true,
  nothing: {},
  numbers: Array.from({ length: 20 }, (_, index) => index + 1),
};

describe.each(["bpfel", "bpfeb"] as const)("values laid out by clang for %s", (target) => {
  const fixture = compiled("codec.bpf.c", target);
  const { btf } = fixture;
  const id = (name: string) => btf.find(name) ?? 0;
  const little = target === "bpfel";
  const everything = {
    ...expected,
    inner_bytes: little ? [4, 3, 2, 1] : [1, 2, 3, 4],
    split: { whole: 0x10002, half: little ? [2, 1] : [1, 2] },
  };

  it("decodes every kind of member", () => {
    const data = fixture.section(".data.everything");
    expect(decoderOf(btf, id("everything")).decode(data, 0, data.byteLength)).toEqual(everything);
  });

  it("gives 64-bit integers as numbers when asked", () => {
    const data = fixture.section(".data.everything");
    const decoder = decoderOf(btf, id("everything"), { integers64: "number" });
    expect(decoder.decode(data, 0, data.byteLength)).toMatchObject({
      a64: 18000000000000000000,
      b64: -9000000000000000000,
      long40: 0x123456789a,
      minus: -60,
      pointer: 0,
      a128: expected.a128,
    });
  });

  it("decodes members that are not aligned, and bitfields across bytes", () => {
    const data = fixture.section(".data.packed");
    expect(decoderOf(btf, id("packed")).decode(data, 0, data.byteLength)).toEqual({
      first: 1,
      second: 0xdeadbeef,
      third: 0x1122334455667788n,
      fourth: 0x5a5,
      fifth: 0x1a5,
    });
  });

  it("reads the same through a lazy view", () => {
    const data = fixture.section(".data.everything");
    const view = viewOf(btf, id("everything"));
    view.bind(data, 0, data.byteLength);
    for (const [name, value] of Object.entries(everything)) expect(view.record[name]).toEqual(value);
    view.release();
    expect(() => view.record.a8).toThrow(RangeError);
  });

  it.each(["everything", "packed"])("encodes %s back to the same bytes", (name) => {
    const data = fixture.section(`.data.${name}`);
    const encoder = encoderOf(btf, id(name));
    const bytes = new Uint8Array(encoder.size + 3).fill(0xee);
    encoder.encode(decoderOf(btf, id(name)).decode(data, 0, data.byteLength), new DataView(bytes.buffer), 1);
    expect(bytes.subarray(1, -2)).toEqual(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    expect([bytes[0], bytes.at(-1)]).toEqual([0xee, 0xee]);
  });
});

describe("records with a flexible end", () => {
  const { btf } = compiled("codec.bpf.c");

  it("takes whole elements of what remains", () => {
    const data = new DataView(Uint32Array.of(3, 10, 20, 30, 40).buffer);
    const decoder = decoderOf(btf, btf.find("flexible") ?? 0);
    expect(decoder.decode(data, 0, 16)).toEqual({ count: 3, items: [10, 20, 30] });
    expect(decoder.decode(data, 0, 15)).toEqual({ count: 3, items: [10, 20] });
    expect(decoder.decode(data, 0, 4)).toEqual({ count: 3, items: [] });
  });

  it("takes text up to the NUL or the end", () => {
    const bytes = new TextEncoder().encode("\x09\0\0\0hello\0junk");
    const data = new DataView(bytes.buffer);
    const decoder = decoderOf(btf, btf.find("flexible_text") ?? 0);
    expect(decoder.decode(data, 0, bytes.length)).toEqual({ kind: 9, text: "hello" });
    expect(decoder.decode(data, 0, 7)).toEqual({ kind: 9, text: "hel" });
  });

  it("refuses data shorter than the fixed part or outside of its buffer", () => {
    const decoder = decoderOf(btf, btf.find("flexible") ?? 0);
    const data = new DataView(new ArrayBuffer(16));
    expect(() => decoder.decode(data, 0, 3)).toThrow(MalformedError);
    expect(() => decoder.decode(data, 12, 8)).toThrow(MalformedError);
  });
});

describe("what an encoder refuses", () => {
  const { btf } = compiled("codec.bpf.c");
  const encoder = encoderOf(btf, btf.find("everything") ?? 0);
  const encode = (value: unknown) =>
    encoder.encode(value as BpfInput, new DataView(new ArrayBuffer(encoder.size)), 0);

  it.each([
    [{ a8: 256 }, "everything.a8 takes 0 to 255, 256 was given"],
    [{ b8: -129 }, "everything.b8"],
    [{ a64: -1n }, "everything.a64"],
    [{ a32: 1.5 }, "everything.a32 takes an integer"],
    [{ a32: "ten" }, "everything.a32"],
    [{ a32: Number.NaN }, "everything.a32"],
    [{ flag3: 8 }, "everything.flag3 takes 0 to 7"],
    [{ small: 16 }, "everything.small takes -16 to 15"],
    [{ color: "PURPLE" }, "RED, GREEN, BLUE"],
    [{ comm: "a name that is too long" }, "everything.comm has room for 16 bytes"],
    [{ path: [{ x: 1 }] }, "everything.path takes an array of 3"],
    [{ path: [{}, { y: 40000 }, {}] }, "everything.path[1].y"],
    [{ colour: 1 }, "has no member colour"],
    [{ yes: 2 }, "everything.yes"],
    [7, "takes an object"],
    [null, "takes an object"],
  ])("%o", (value, message) => {
    expect(() => encode(value)).toThrow(InvalidArgumentError);
    expect(() => encode(value)).toThrow(message);
  });

  it("takes names, booleans, decimal and hexadecimal text for integers", () => {
    const bytes = new DataView(new ArrayBuffer(encoder.size));
    encoder.encode(
      { a8: "0x10", b32: "-7", a64: true, color: "GREEN", unknown: { value: 3 }, on: "true" },
      bytes,
      0,
    );
    expect(decoderOf(btf, btf.find("everything") ?? 0).decode(bytes, 0, bytes.byteLength)).toMatchObject({
      a8: 16,
      b32: -7,
      a64: 1n,
      color: { name: "GREEN", value: 5 },
      unknown: { name: undefined, value: 3 },
      on: true,
    });
  });
});
