import { expect, it } from "vitest";
import { BtfBuilder } from "../../src/btf/builder.ts";
import { printTs } from "../../src/btf/print-ts.ts";
import { BtfKind } from "../../src/btf/types.ts";
import { MalformedError } from "../../src/errors.ts";
import { compileToBtf } from "./c-round-trip.ts";

const btf = compileToBtf(`
  typedef unsigned int __u32; typedef unsigned long long __u64; typedef _Bool bool;
  enum type { OPEN, CLOSE };
  struct address { union { __u32 v4; unsigned char v6[16]; }; };
  struct event {
    enum type type; __u32 pid; __u64 ns; char comm[16]; bool ok; struct address from, to;
    char names[3][8]; __u64 slots[2]; void *where; __u32 flags : 3; double load; __int128 huge;
    struct { int x; } inner; struct { int merged; };
  };
  struct event e;
`);
const event = btf.find("event", BtfKind.Struct)!;

it("prints interfaces for a struct and the structs within, as the decoder gives them", () => {
  expect(printTs(btf, [event])).toBe(`import type { EnumValue } from "@skep/bpf";

export interface event {
  readonly type: EnumValue;
  readonly pid: number;
  readonly ns: bigint;
  readonly comm: string;
  readonly ok: boolean;
  readonly from: address;
  readonly to: address;
  readonly names: readonly string[];
  readonly slots: readonly bigint[];
  readonly where: bigint;
  readonly flags: number;
  readonly load: number;
  readonly huge: bigint;
  readonly inner: { readonly x: number; };
  readonly merged: number;
}

export interface address {
  readonly v4: number;
  readonly v6: readonly number[];
}
`);
});

it("gives 64-bit integers as numbers on request, wider ones never", () => {
  const text = printTs(btf, [event], { integers64: "number" });
  expect(text).toContain("readonly ns: number;");
  expect(text).toContain("readonly huge: bigint;");
});

it("ends on types that hold one another twice on every level", () => {
  const builder = new BtfBuilder();
  let inner = builder.add({ kind: BtfKind.Float, name: "f", size: 4 });
  for (let level = 0; level < 60; level++) {
    const member = (name: string) => ({ name, typeId: inner, bitOffset: 0, bitSize: 0 });
    const members = [member("a"), member("b")];
    inner = builder.add({ kind: BtfKind.Union, name: "", size: 4, kindFlag: false, members });
  }
  expect(() => printTs(builder.build(), [inner])).toThrow(MalformedError);
});
