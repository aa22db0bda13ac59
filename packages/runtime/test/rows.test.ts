import { describe, expect, it } from "vitest";
import type { ShowOptions } from "../src/arguments/show-options.ts";
import { clockText } from "../src/output/clock-text.ts";
import { select } from "../src/output/select.ts";
import { Timeline } from "../src/output/timeline.ts";
import type { EventKind } from "../src/output/view.ts";
import { viewsOf } from "../src/output/views.ts";
import type { Shape } from "../src/shapes/shape.ts";
import { comm, eventKind, struct, u32, u64 } from "./kind.ts";
import { testMachine } from "./machine.ts";

const kind: Shape = { kind: "enum", size: 4, signed: false, values: [{ name: "START", value: 1n }] };

const views = (kinds: readonly EventKind[], options: Partial<ShowOptions> = {}) => {
  const show = { output: "table", timestamp: undefined, fields: undefined, ...options } as const;
  const timeline = new Timeline(testMachine());
  return viewsOf(show.output, select(kinds, { ...show, timeline })).views;
};
const tableOf = (members: Record<string, Shape>) => views([eventKind(members)])[0]!;
const jsonOf = (members: Record<string, Shape>) => views([eventKind(members)], { output: "json" })[0]!;

describe("table", () => {
  const table = tableOf({ pid: u32, duration_ns: u64, comm });

  it("begins with the time and names the members in their order", () => {
    expect(table.header).toBe("TIME     PID     DURATION_NS    COMM");
  });

  it("puts every value below its header", () => {
    expect(table.row({ pid: 42, duration_ns: 1_234_567n, comm: "sleep" })).toBe(
      "03:04:05 42      1234567        sleep",
    );
  });

  it("keeps one space after a value that is wider than its column, and catches up behind it", () => {
    const row = table.row({ pid: 4_294_967_295, duration_ns: 7n, comm: "x" });
    expect(row).toBe("03:04:05 4294967295 7           x");
    expect(row.indexOf("x")).toBe(table.header?.indexOf("COMM"));
  });

  it("never lets a value break a row in two", () => {
    expect(table.row({ pid: 1, duration_ns: 0n, comm: "a\nb\x1b[31m" })).toMatch(/a\\nb\\x1b\[31m$/);
  });

  it("names the kind where several share the screen", () => {
    const [exits] = views([
      eventKind({ pid: u32 }, {}, { name: "exits" }),
      eventKind({}, {}, { name: "execs_of" }),
    ]);
    expect(exits?.header).toBe("TIME     EVENT    PID");
    expect(exits?.row({ pid: 3 })).toBe("03:04:05 exits    3");
  });

  it("shows the members of structs, arrays as JSON, enums by name and number", () => {
    const nested = tableOf({
      kind,
      where: struct({ x: u64 }),
      list: { kind: "array", element: u32, length: 2 },
    });
    expect(nested.header).toBe("TIME     KIND     WHERE.X        LIST");
    const row = nested.row({
      kind: { name: "START", value: 1 },
      where: { x: 18446744073709551615n },
      list: [1, 2],
    });
    expect(row).toBe("03:04:05 START(1) 18446744073709551615 [1,2]");
    expect(nested.row({ kind: { name: undefined, value: 9 }, where: { x: 0n }, list: [] })).toContain(
      "<UNKNOWN_VARIANT>(9)",
    );
  });
});

describe("json", () => {
  it("writes one object per line with exact 64-bit integers", () => {
    const lines = jsonOf({ pid: u32, duration_ns: u64, comm, kind });
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
    const [exits] = views(
      [eventKind({ pid: u32 }, {}, { name: "exits" }), eventKind({}, {}, { name: "x" })],
      {
        output: "json",
      },
    );
    expect(exits?.row({ pid: 1 })).toBe('{"buffer":"exits","pid":1}');
  });

  it("writes valid JSON for every kind of value", () => {
    const lines = jsonOf({
      wide: { kind: "integer", bits: 128, signed: true },
      nan: { kind: "float", size: 8 },
      flag: { kind: "bool" },
      grid: { kind: "array", element: { kind: "array", element: u32, length: 2 }, length: 1 },
      nothing: { kind: "struct", members: [] },
    });
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
