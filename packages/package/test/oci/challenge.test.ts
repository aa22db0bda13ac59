import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../src/oci/challenge.ts";

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("parseChallenges", () => {
  it("reads what registries send", () => {
    expect(
      read(
        'Bearer realm="https://auth.example.org/token",service="registry",scope="repository:a/b:pull,push"',
      ),
    ).toEqual([
      [
        "bearer",
        { realm: "https://auth.example.org/token", service: "registry", scope: "repository:a/b:pull,push" },
      ],
    ]);
    expect(read("Basic realm=test")).toEqual([["basic", { realm: "test" }]]);
  });

  it("reads several challenges, spaces, escapes and any case", () => {
    expect(read('NEGOTIATE, BASIC Realm = "a \\"b\\"" , charset="UTF-8", Bearer realm="x"')).toEqual([
      ["negotiate", {}],
      ["basic", { realm: 'a "b"', charset: "UTF-8" }],
      ["bearer", { realm: "x" }],
    ]);
  });

  it.each([
    "",
    ",,,",
    "=",
    '"',
    'Bearer realm="open',
    "Bearer realm=",
    "\u0000",
    "a=b",
    `${"x ".repeat(100_000)}`,
  ])("survives %j", (header) => {
    expect(Array.isArray(read(header))).toBe(true);
  });
});
