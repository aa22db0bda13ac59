import { NotFoundError } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import type { MemberNotes } from "../src/shapes/annotations.ts";
import { type Globals, holds, readCondition, withConditions } from "../src/shapes/conditions.ts";

/** Variables of types that need no BTF. */
function globals(values: Readonly<Record<string, string | number | bigint | boolean>>): Globals {
  return {
    btf: undefined,
    get(name) {
      const value = values[name];
      if (value === undefined) throw new NotFoundError(`no ${name}`, "");
      return value;
    },
    typeId: () => 0,
  };
}

describe("conditions", () => {
  it("are a variable, not one, or one of some values", () => {
    expect(readCondition("dist")).toEqual({ variable: "dist", equal: true, values: undefined });
    expect(readCondition("!dist")).toEqual({ variable: "dist", equal: false, values: undefined });
    expect(readCondition("per=process|thread")).toEqual({
      variable: "per",
      equal: true,
      values: ["process", "thread"],
    });
    expect(readCondition("cpu!=-1")).toEqual({ variable: "cpu", equal: false, values: ["-1"] });
    for (const text of ["", "a b", "!a=1", "=1", "a=", "a.b=1"])
      expect(readCondition(text), text).toBeUndefined();
  });

  it("ask whether a variable is something", () => {
    const some = globals({ on: true, off: false, zero: 0, wide: 1n << 40n, name: "x", empty: "" });
    expect(["on", "off", "zero", "wide", "name", "empty"].filter((name) => holds(name, some))).toEqual([
      "on",
      "wide",
      "name",
    ]);
    expect(holds("!off", some)).toBe(true);
  });

  it("compare with values", () => {
    const some = globals({ cpu: -1, disk: "sda" });
    expect(holds("cpu=0|-1", some)).toBe(true);
    expect(holds("cpu!=-1", some)).toBe(false);
    expect(holds("disk=sda", some)).toBe(true);
  });

  it("hold when nobody can tell: too much is better than too little", () => {
    expect(holds("nothing=1", globals({}))).toBe(true);
    expect(holds("no condition", globals({}))).toBe(true);
    expect(holds(undefined, globals({}))).toBe(true);
  });

  it("turn members into ones that are never shown, or hidden", () => {
    const plain = { format: undefined, hidden: false, ignore: false };
    const notes = {
      view: undefined,
      kind: undefined,
      members: new Map<string, MemberNotes>([
        ["a", { ...plain, when: "on" }],
        ["b", { ...plain, when: "!on" }],
        ["c", plain],
        ["d", { ...plain, hiddenWhen: "on" }],
        ["e", { ...plain, hiddenWhen: "!on" }],
      ]),
    };
    const settled = withConditions(new Map([["s", notes]]), globals({ on: true })).get("s");
    expect([...(settled?.members ?? [])].map(([name, { ignore, hidden }]) => [name, ignore, hidden])).toEqual(
      [
        ["a", false, false],
        ["b", true, false],
        ["c", false, false],
        ["d", false, true],
        ["e", false, false],
      ],
    );
  });
});
