import { MalformedError } from "@skep/bpf";
import { parseJsonPrefix, parseJsonText, writeJson } from "@skep/package";
import { describe, expect, it } from "vitest";

const again = (text: string) => writeJson(parseJsonText(text, "test"));

describe("parseJson and writeJson", () => {
  it.each([
    "null",
    "true",
    '"a\\"b\\\\c\\u001f\\n\\t \u007f é 🐝"',
    "[]",
    "{}",
    "0",
    "-5",
    "9007199254740993",
    "18446744073709551615",
    "-170141183460469231731687303715884105728",
    "1.0",
    "-0.0",
    "0.1",
    "1000000000000000.0",
    "1e16",
    "1.234e33",
    "0.00001",
    "1e-6",
    "1.5e-7",
    '{"a":[1,{"b":null}],"b":2.5}',
  ])("gives back %s as it was", (text) => {
    expect(again(text)).toBe(text);
  });

  it("sorts keys by their UTF-8 bytes at every level", () => {
    expect(again('{"b":{"z":1,"a":2},"B":0,"\uff5e":1,"🐝":2}')).toBe(
      '{"B":0,"b":{"a":2,"z":1},"\uff5e":1,"🐝":2}',
    );
  });

  it("writes exponents and whole floats as serde_json does", () => {
    expect(again("[1e2,1E+20,123456.789e3,-2.50]")).toBe("[100.0,1e20,123456789.0,-2.5]");
  });

  it("leaves out members that are undefined", () => {
    expect(writeJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it("keeps a key named __proto__ a plain key", () => {
    expect(again('{"__proto__":{"x":1}}')).toBe('{"__proto__":{"x":1}}');
  });

  it("reads a value at the start of a text", () => {
    expect(parseJsonPrefix('{"a":1} and more')).toEqual({ value: { a: 1 }, end: 7 });
    expect(parseJsonPrefix("trace opens")).toBeUndefined();
  });

  it.each([
    "",
    "{",
    "[1,",
    "[1,]",
    '{"a"}',
    '{"a":1,}',
    "{a:1}",
    "01",
    "1.",
    "+1",
    "nul",
    '"\u0001"',
    '"\\x"',
    '"\\u12g4"',
    '"open',
    "1 2",
    "1e999",
    "1".repeat(50),
    "[".repeat(100_000),
    '{"a":'.repeat(100_000),
  ])("rejects %j", (text) => {
    expect(() => parseJsonText(text, "test")).toThrow(MalformedError);
  });
});
