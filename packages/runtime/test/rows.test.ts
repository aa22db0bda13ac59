import { describe, expect, it } from "vitest";
import { JsonLines } from "../src/json-lines.ts";
import type { Shape } from "../src/shape.ts";
import { clockText, Table } from "../src/table.ts";

const u32: Shape = { kind: "integer", bits: 32, signed: false };
const u64: Shape = { kind: "integer", bits: 64, signed: false };
const comm: Shape = { kind: "string", size: 16 };
const kind: Shape = { kind: "enum", size: 4, signed: false, values: [{ name: "START", value: 1n }] };

const struct = (members: Record<string, Shape>): Shape => ({
  kind: "struct",
  members: Object.entries(members).map(([name, shape]) => ({ name, shape })),
});

describe("Table", () => {
  const table = new Table(struct({ pid: u32, duration_ns: u64, comm }));

  it("begins with the time and names the members in their order", () => {
    expect(table.header).toBe("TIME     PID     DURATION_NS    COMM");
  });

  it("puts every value below its header", () => {
    expect(table.row("12:00:00", { pid: 42, duration_ns: 1_234_567n, comm: "sleep" })).toBe(
      "12:00:00 42      1234567        sleep",
    );
  });

  it("keeps one space after a value that is wider than its column, and catches up behind it", () => {
    const row = table.row("12:00:00", { pid: 4_294_967_295, duration_ns: 7n, comm: "x" });
    expect(row).toBe("12:00:00 4294967295 7           x");
    expect(row.indexOf("x")).toBe(table.header.indexOf("COMM"));
  });

  it("never lets a value break a row in two", () => {
    expect(table.row("12:00:00", { pid: 1, duration_ns: 0n, comm: "a\nb\x1b[31m" })).toMatch(
      /a\\nb\\x1b\[31m$/,
    );
  });

  it("names the source where several tables share the screen", () => {
    const labelled = new Table(struct({ pid: u32 }), { text: "exits", width: 8 });
    expect(labelled.header).toBe("TIME     EVENT    PID");
    expect(labelled.row("12:00:00", { pid: 3 })).toBe("12:00:00 exits    3");
  });

  it("shows structs and arrays as JSON, enums by name and number", () => {
    const nested = new Table(
      struct({ kind, where: struct({ x: u64 }), list: { kind: "array", element: u32, length: 2 } }),
    );
    const row = nested.row("12:00:00", {
      kind: { name: "START", value: 1 },
      where: { x: 18446744073709551615n },
      list: [1, 2],
    });
    expect(row).toContain('START(1) {"x":18446744073709551615} [1,2]');
    expect(
      nested.row("12:00:00", { kind: { name: undefined, value: 9 }, where: { x: 0n }, list: [] }),
    ).toContain("<UNKNOWN_VARIANT>(9)");
  });
});

describe("JsonLines", () => {
  it("writes one object per line with exact 64-bit integers", () => {
    const lines = new JsonLines(struct({ pid: u32, duration_ns: u64, comm, kind }));
    expect(
      lines.row({
        pid: 1,
        duration_ns: 18446744073709551615n,
        comm: 'a"\n',
        kind: { name: "START", value: 1 },
      }),
    ).toBe('{"pid":1,"duration_ns":18446744073709551615,"comm":"a\\"\\n","kind":"START(1)"}');
  });

  it("names the buffer where there are several", () => {
    expect(new JsonLines(struct({ pid: u32 }), "exits").row({ pid: 1 })).toBe('{"buffer":"exits","pid":1}');
  });

  it("writes valid JSON for every kind of value", () => {
    const lines = new JsonLines(
      struct({
        wide: { kind: "integer", bits: 128, signed: true },
        nan: { kind: "float", size: 8 },
        flag: { kind: "bool" },
        grid: { kind: "array", element: { kind: "array", element: u32, length: 2 }, length: 1 },
        nothing: { kind: "struct", members: [] },
      }),
    );
    const text = lines.row({ wide: -(1n << 100n), nan: Number.NaN, flag: true, grid: [[1, 2]], nothing: {} });
    expect(JSON.parse(text)).toEqual({
      wide: "-1267650600228229401496703205376",
      nan: "NaN",
      flag: true,
      grid: [[1, 2]],
      nothing: {},
    });
  });
});

describe("clockText", () => {
  it("gives the local time of day in two digits each", () => {
    expect(clockText(new Date(2026, 0, 2, 3, 4, 5))).toBe("03:04:05");
  });
});
