import type { BpfValue } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import type { ShowOptions } from "../src/arguments/show-options.ts";
import { parseFields } from "../src/output/fields.ts";
import { select } from "../src/output/select.ts";
import { Timeline } from "../src/output/timeline.ts";
import type { EventKind, Views } from "../src/output/view.ts";
import { OUTPUT_FORMATS, viewsOf } from "../src/output/views.ts";
import type { Shape } from "../src/shapes/shape.ts";
import { UsageError } from "../src/usage-error.ts";
import { expectGolden } from "./golden.ts";
import { array, comm, eventKind, s32, struct, u8, u16, u32, u64 } from "./kind.ts";
import { testMachine } from "./machine.ts";

const state: Shape = { kind: "enum", size: 4, signed: false, values: [{ name: "OPEN", value: 1n }] };
const members = {
  at: u64,
  pid: u32,
  uid: u32,
  comm,
  state,
  ok: { kind: "bool" } as const,
  ratio: { kind: "float", size: 8 } as const,
  ret: s32,
  from: struct({ addr: u32, port: u16 }, "end"),
  mac: array(u8, 6),
  bytes: u64,
  lat_ns: u64,
  path: { kind: "string", size: 64 } as const,
};
const notes = {
  at: "timestamp ns",
  uid: "uid",
  ret: "errno",
  mac: "mac",
  bytes: "bytes",
  lat_ns: "duration ns",
};
const events: readonly BpfValue[] = [
  {
    at: 1_000_000_000_000n,
    pid: 42,
    uid: 0,
    comm: "bash",
    state: { name: "OPEN", value: 1 },
    ok: true,
    ratio: 0.5,
    ret: 0,
    from: { addr: 0x0100007f, port: 443 },
    mac: [0x52, 0x54, 0, 0x12, 0x34, 0x56],
    bytes: 65536n,
    lat_ns: 1_250_000n,
    path: "/etc/passwd",
  },
  {
    at: 1_000_000_001_500n,
    pid: 4_194_304,
    uid: 1000,
    comm: 'a "name", so',
    state: { name: undefined, value: 7 },
    ok: false,
    ratio: Number.NaN,
    ret: -2,
    from: { addr: 0xffffffff, port: 0 },
    mac: [0, 0, 0, 0, 0, 0],
    bytes: 18446744073709551615n,
    lat_ns: 999n,
    path: "line\nbreak \x1b[31m \udcff ümlaut \u202e",
  },
];
const loss = {
  count: 12n,
  since: 1_767_323_045_000_000_678n,
  until: 1_767_323_046_000_000_000n,
  cause: "ring buffer events was full",
};

const show = (
  kinds: readonly EventKind[],
  options: Partial<ShowOptions> & { readonly warn?: (line: string) => void } = {},
): Views => {
  const all = { output: "table", timestamp: undefined, fields: undefined, ...options } as const;
  return viewsOf(all.output, select(kinds, { ...all, timeline: new Timeline(testMachine()) }));
};

/** Header, all events of the first kind, a loss. */
function textOf(views: Views, which = 0): string {
  const view = views.views[which]!;
  const rows = events.map((event) => view.row(event));
  return [...(view.header === undefined ? [] : [view.header]), ...rows, views.lost(loss), ""].join("\n");
}

describe("output formats, to the letter", () => {
  const kind = eventKind(members, notes);
  const view = 'table comm:8, pid=">PID":>9, lat_ns="LATENCY":>10, *, -mac, -from';
  const rows = `rows header "TIME     WHAT" ok=true "{time} OK   {comm:<8} {lat_ns:>9} {path}" state=OPEN "never" "{time} FAIL {comm:<8} {ret:<9} {{{path}}}"`;

  it.each(OUTPUT_FORMATS)("%s", (output) =>
    expectGolden(`events.${output}`, textOf(show([kind], { output }))),
  );

  it.each(OUTPUT_FORMATS)("%s of several kinds with wall-clock time", (output) => {
    const other = eventKind({ pid: u32, exit_code: s32 }, {}, { name: "exits" });
    expectGolden(`kinds.${output}`, textOf(show([kind, other], { output, timestamp: "wall" })));
  });

  it.each(OUTPUT_FORMATS)("%s of some fields with the time since the event above", (output) => {
    const fields = parseFields("lat_ns,from.port,comm");
    expectGolden(`fields.${output}`, textOf(show([kind], { output, fields, timestamp: "delta" })));
  });

  it("table with @view", () => expectGolden("view.table", textOf(show([{ ...kind, layout: view }]))));

  it("rows with @view, time since boot", () =>
    expectGolden("view.rows", textOf(show([{ ...kind, layout: rows }], { timestamp: "mono" }))));

  it("stacks below their rows", () => {
    const machine = eventKind({ pid: u32, stack: array(u64, 3) }, { stack: "stack kernel" });
    const [table] = show([machine]).views;
    expect(table?.row({ pid: 1, stack: [0x10n, 0x20n, 0n] })).toBe(
      "03:04:05 1       2 frames\n    0x0000000000000010\n    0x0000000000000020",
    );
  });

  it("events that are no structs", () => {
    const shape = u32;
    const [table] = show([{ ...eventKind({}), shape, columns: [] }], { output: "json" }).views;
    expect(table?.row(7)).toBe("7");
  });
});

describe("--fields", () => {
  const kind = eventKind(members, { ...notes, uid: { hidden: true }, mac: { ignore: true } });
  const headers = (text: string, output: "table" | "csv" = "table") =>
    show([kind], { output, fields: parseFields(text) }).views[0]?.header?.split(/[ ,]+/);

  it("shows only what is named, in that order, leaves out and adds", () => {
    expect(headers("pid,comm")).toEqual(["TIME", "PID", "COMM"]);
    expect(headers("comm,pid,-comm")).toEqual(["TIME", "PID"]);
    expect(headers("pid,+uid,+at")).toEqual(["TIME", "PID", "UID", "AT"]);
    expect(headers("from,comm")).toEqual(["TIME", "FROM.ADDR", "FROM.PORT", "COMM"]);
    expect(headers("-from,-path,-bytes,-lat_ns,-ratio,-ok,-ret")).toEqual(["TIME", "PID", "COMM", "STATE"]);
    expect(headers("*,-from", "csv")).toHaveLength(12);
  });

  it.each([
    ["pdi", "did you mean pid?"],
    ["nonsense", expect.stringMatching(/^the columns are at, pid, /)],
    ["mac", expect.anything()],
  ])("refuses %s and says what there is", (text, next) => {
    expect(() => headers(text)).toThrow(expect.objectContaining({ next }));
  });

  it("refuses an empty name", () => {
    for (const text of ["", "pid,,comm", "-", "+"]) expect(() => parseFields(text)).toThrow(UsageError);
  });
});

describe("@view", () => {
  const kind = eventKind({ pid: u32, uid: u32, comm });
  const headerOf = (layout: string) => {
    const warnings: string[] = [];
    const timeline = new Timeline(testMachine());
    const selections = select([{ ...kind, layout }], {
      output: "table",
      timestamp: "none",
      fields: undefined,
      timeline,
      warn: (line) => warnings.push(line),
    });
    return { header: viewsOf("table", selections).views[0]?.header?.trim().split(/ +/).join(" "), warnings };
  };

  it("hides what is not named, unless only hidden columns are named or * stands for the rest", () => {
    expect(headerOf("table comm, pid")).toEqual({ header: "COMM PID", warnings: [] });
    expect(headerOf("table -uid")).toEqual({ header: "PID COMM", warnings: [] });
    expect(headerOf("table comm, *")).toEqual({ header: "COMM PID UID", warnings: [] });
  });

  it("warns of what it does not understand, and shows as usual", () => {
    expect(headerOf("tabel pid")).toMatchObject({
      header: "PID UID COMM",
      warnings: [expect.stringContaining("tabel")],
    });
    expect(headerOf("table pid, nonsense")).toEqual({
      header: "PID",
      warnings: ["@view: there is no member nonsense"],
    });
  });

  it("shows an event that no row is meant for with all that it has", () => {
    const [rows] = show([{ ...kind, layout: 'rows pid=1 "one"' }]).views;
    expect(rows?.row({ pid: 1, uid: 0, comm: "a" })).toBe("one");
    expect(rows?.row({ pid: 2, uid: 0, comm: "a" })).toBe("03:04:05 pid=2 uid=0 comm=a");
  });
});

describe("names out of a file", () => {
  const evil: Shape = { kind: "enum", size: 4, signed: false, values: [{ name: "\x1b[1m", value: 1n }] };
  const kind = () => eventKind({ "\x1b[2J": u32, no: u32, "\x9b": evil }, {}, { name: "\x07\u202e" });
  const event = { "\x1b[2J": 1, no: 2, "\x9b": { name: "\x1b[1m", value: 1 } };

  it.each(OUTPUT_FORMATS)("control no terminal in %s", (output) => {
    const show = { output, timestamp: undefined, fields: undefined } as const;
    const timeline = new Timeline(testMachine());
    const { views } = viewsOf(
      output,
      select([kind(), eventKind({ pid: u32 }, {}, {})], { ...show, timeline }),
    );
    const text = `${views[0]?.header ?? ""}${views[0]?.row(event)}`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
    expect(text.replaceAll("\n", "")).not.toMatch(/[\0-\x1f\x7f-\x9f\u202e]/);
    expect(text).toContain("[2J");
  });

  it("are text to every reader of YAML", () => {
    const show = { output: "yaml", timestamp: undefined, fields: undefined } as const;
    const timeline = new Timeline(testMachine());
    const { views } = viewsOf("yaml", select([eventKind({ no: u32, nothing: u32 })], { ...show, timeline }));
    expect(views[0]?.row({ no: 1, nothing: 2 })).toBe('- "no": 1\n  nothing: 2');
  });
});
