import { MalformedError } from "@skep/bpf";
import { readYamlPackage, WholeFloat, writeJson, writePackage } from "@skep/package";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { parseYaml } from "../../src/inputs/yaml-to-json.ts";
import { sampleBytes, utf8 } from "../sample-package.ts";

const parse = (text: string) => parseYaml(utf8(text), "package");

describe("readYamlPackage", () => {
  it("gives the package that was written as YAML, with the same bytes as JSON", async () => {
    const json = new TextDecoder().decode(sampleBytes());
    const yaml = stringify(
      JSON.parse(json, (key, value) => (key === "default" ? 18446744073709551615n : value)),
    );
    expect(new TextDecoder().decode(writePackage(await readYamlPackage(utf8(yaml))))).toBe(json);
  });
});

describe("parseYaml", () => {
  it("keeps numbers apart as JSON has them", () => {
    expect(parse("[1, 1.0, 18446744073709551615, -3, 0x10, 1.5, true, null, yes, '1']")).toEqual([
      1,
      new WholeFloat(1),
      18446744073709551615n,
      -3,
      16,
      1.5,
      true,
      null,
      "yes",
      "1",
    ]);
  });

  it("reads literal and folded texts", () => {
    expect(parse("a: |\n  one\n  two\nb: >-\n  one\n  two\n")).toEqual({ a: "one\ntwo\n", b: "one two" });
  });

  it("keeps a key named __proto__ a plain key", () => {
    expect(writeJson(parse("__proto__: {x: 1}"))).toBe('{"__proto__":{"x":1}}');
  });

  const bomb = Array.from({ length: 20 }, (_, level) => {
    const items = Array(9).fill(level === 0 ? "x" : `*l${level - 1}`);
    return `l${level}: &l${level} [${items.join(",")}]`;
  });
  it.each<[string, string]>([
    ["an alias bomb", bomb.join("\n")],
    ["an alias to itself", "a: &a [*a]"],
    ["an alias that leads nowhere", "a: *nobody"],
    ["a merge of an alias", "a: &a {x: 1}\nb:\n  <<: *a\n"],
    ["brackets in brackets", "[".repeat(100_000)],
    ["braces in braces", "{a: ".repeat(100_000)],
    ["lists in lists on a line", `${"- ".repeat(100_000)}x`],
    ["keys in keys", `${"? ".repeat(100_000)}x`],
    ["lists in lists by indentation", Array.from({ length: 3000 }, (_, i) => `${" ".repeat(i)}-`).join("\n")],
    ["maps in maps by indentation", Array.from({ length: 1000 }, (_, i) => `${" ".repeat(i)}a:`).join("\n")],
    ["no number", ".nan"],
    ["a number without end", ".inf"],
    ["a key that is a list", "? [a]\n: 1"],
    ["an unfinished text", 'a: "x'],
    ["a tab as indentation", "a:\n\tb: 1"],
    ["several documents", "a: 1\n---\nb: 2\n"],
    ["an unknown tag", "a: !!js/function 'x'"],
  ])("refuses %s in one line", (_what, text) => {
    try {
      parse(text);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedError);
      expect((error as MalformedError).message).not.toContain("\n");
    }
  });

  it("refuses bytes that are not UTF-8", () => {
    expect(() => parseYaml(Uint8Array.of(0x61, 0x3a, 0x20, 0xff), "package")).toThrow(MalformedError);
  });
});
