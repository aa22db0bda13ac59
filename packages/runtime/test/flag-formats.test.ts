import { describe, expect, it } from "vitest";
import { shapeOfText } from "../src/arguments/c-type-text.ts";
import { parseDuration, writtenText } from "../src/arguments/flag-formats.ts";
import { parseFlagValue } from "../src/arguments/flag-value.ts";
import type { FlagShape } from "../src/arguments/flags.ts";
import { UsageError } from "../src/usage-error.ts";

const u = (bits: number): FlagShape => ({ kind: "integer", bits, signed: false });
const read = (format: string | undefined, text: string, shape: FlagShape = u(64)) =>
  parseFlagValue({ name: "x", shape, format }, text);

describe("a value in the words of its format", () => {
  it.each([
    ["duration ns", "10ms", 10_000_000n],
    ["duration us", "10ms", 10_000n],
    ["duration ms", "1h30m", 5_400_000n],
    ["duration s", "2d", 172_800n],
    ["duration us", "1.5ms", 1_500n],
    ["duration us", "0.001ms", 1n],
    ["duration us", "250µs", 250n],
    ["duration us", "7", 7n],
    ["duration", "3us", 3_000n],
    ["bytes", "64k", 65_536n],
    ["bytes", "64KiB", 65_536n],
    ["bytes", "1.5M", 1_572_864n],
    ["bytes", "2gb", 2n ** 31n],
    ["bytes", "4096", 4096n],
    ["bytes", "10B", 10n],
    ["port", "443", 0xbb01n],
    ["port host", "443", 443n],
    ["ip", "127.0.0.1", 0x0100007fn],
    ["uid", "root", 0n],
    ["uid", "1000", 1000n],
    ["signal", "SIGTERM", 15n],
    ["signal", "KILL", 9n],
    ["signal", "9", 9n],
    ["signal", "SIGRTMIN+3", 37n],
    ["signal", "RTMAX", 64n],
    ["errno", "ENOENT", 2n],
    ["octal", "644", 0o644n],
    ["mode", "0755", 0o755n],
    ["boolean", "true", 1n],
    ["char", "a", 97n],
    ["hex", "0x1f", 31n],
    [undefined, "-0", 0n],
    [undefined, "0b101", 5n],
  ])("of %s: %s", (format, text, value) => {
    expect(read(format, text)).toBe(value);
  });

  it.each([
    ["duration us", "1ns"],
    ["duration us", "10"],
    ["duration us", "ten"],
    ["duration us", "1.5"],
    ["bytes", "1.0001k"],
    ["bytes", "1x"],
    ["port", "65536"],
    ["port", "http"],
    ["ip", "1.2.3.256"],
    ["uid", "nobody-of-that-name"],
    ["signal", "SIGNOTHING"],
    ["signal", "SIGRTMIN+31"],
    ["mode", "0888"],
    [undefined, "10ms"],
    [undefined, "64k"],
    [undefined, "1e3"],
    [undefined, "0x"],
    [undefined, "9".repeat(200)],
  ])("is refused when it does not fit: %s: %s", (format, text) => {
    const shape = text === "10" ? u(3) : u(64);
    expect(() => read(format, text, shape)).toThrow(UsageError);
  });

  it("fits the variable's type after it was read", () => {
    expect(() => read("bytes", "64k", u(16))).toThrow("does not fit into 16 unsigned bits");
    expect(() => read("signal", "SIGFOO")).toThrow('"SIGFOO" is not a signal');
    expect(() => read("signal", "65")).toThrow("there is no signal 65");
    expect(read("duration ns", "2s", { kind: "float", size: 8 })).toBe(2e9);
  });
});

describe("parseDuration", () => {
  it("is exact, and knows what is none", () => {
    expect(parseDuration("1h2m3s4ms5us6ns")).toBe(3_723_004_005_006n);
    for (const text of ["", "5", "ms", "1 s", "-1s", "1.s", "1e3s"])
      expect(parseDuration(text)).toBeUndefined();
  });
});

describe("a type that is known by its text alone", () => {
  it.each([
    ["unsigned int", { kind: "integer", bits: 32, signed: false }],
    ["pid_t", { kind: "integer", bits: 32, signed: true }],
    ["__u64", { kind: "integer", bits: 64, signed: false }],
    ["s8", { kind: "integer", bits: 8, signed: true }],
    ["uint16_t", { kind: "integer", bits: 16, signed: false }],
    ["int64_t", { kind: "integer", bits: 64, signed: true }],
    ["const volatile  long long", { kind: "integer", bits: 64, signed: true }],
    ["_Bool", { kind: "bool" }],
    ["double", { kind: "float", size: 8 }],
    ["char[100]", { kind: "string", size: 100 }],
  ])("%s", (text, shape) => {
    expect(shapeOfText(text)).toEqual(shape);
  });

  it.each(["struct event", "struct event *", "int[3]", "toString", "", "enum level"])(
    "%s is none",
    (text) => {
      expect(shapeOfText(text)).toBeUndefined();
    },
  );
});

describe("a value as one would write it", () => {
  it.each([
    ["duration us", "10000", "10ms"],
    ["duration ns", "1500", "1500ns"],
    ["duration us", "1500", "1500us"],
    ["duration ns", "90000000000", "90s"],
    ["bytes", "65536", "64k"],
    ["bytes", "100", "100"],
    ["duration ns", "0", "0"],
    [undefined, "10000", "10000"],
  ])("%s %s is %s", (format, value, text) => {
    expect(writtenText(format, value)).toBe(text);
  });
});
