import type { BpfValue } from "@skep/bpf";
import { describe, expect, it } from "vitest";
import { eventFilters } from "../src/events/event-filter.ts";
import { sortValues } from "../src/events/sort.ts";
import { columnsOf } from "../src/output/columns.ts";
import { select } from "../src/output/select.ts";
import { Timeline } from "../src/output/timeline.ts";
import type { EventKind } from "../src/output/view.ts";
import { viewsOf } from "../src/output/views.ts";
import { filterKind, filterRecord } from "../src/samples/filter-kind.ts";
import type { Annotations } from "../src/shapes/annotations.ts";
import { array, struct, u8, u16, u32 } from "./kind.ts";
import { testMachine } from "./machine.ts";

const machine = testMachine();
const key = struct({ family: u16, addr: array(u8, 16), port: u16, mac: array(u8, 6), host: u16 }, "key");
const shape = struct({ key, from: u32, count: u32 }, "entry");
const note = (format: string) => ({ format, hidden: false, ignore: false });
const annotations: Annotations = new Map([
  ["entry", { view: undefined, kind: undefined, members: new Map([["from", note("ip")]]) }],
  [
    "key",
    {
      view: undefined,
      kind: undefined,
      members: new Map([
        ["addr", note("ip family")],
        ["port", note("port")],
        ["mac", note("mac")],
        ["host", note("port host")],
      ]),
    },
  ],
]);
const kind: EventKind = {
  source: "entries",
  name: "entries",
  shape,
  columns: columnsOf(shape, { machine, annotations }),
};

const address = (...bytes: readonly number[]) => [...bytes, ...Array(16 - bytes.length).fill(0)];
const mac = [0x52, 0x54, 0, 0x12, 0x34, 0x56];
const event = {
  key: { family: 2, addr: address(10, 0, 0, 1), port: 0xbb01, mac, host: 443 },
  from: 0x0100007f,
  count: 3,
};
const other = {
  key: { family: 10, addr: address(0xfe, 0x80), port: 0x5000, mac, host: 80 },
  from: 0,
  count: 1,
};

const rows = (format: "json" | "csv" | "yaml", fields?: readonly string[]) => {
  const chosen = fields && { only: fields, without: [], more: [] };
  const selections = select([kind], {
    output: format,
    timestamp: undefined,
    fields: chosen,
    timeline: new Timeline(machine),
  });
  const [view] = viewsOf(format, selections).views;
  return [event, other].map((one) => view?.row(one));
};

describe("what lies in memory in network order", () => {
  it("is text and numbers in JSON, whatever the byte order of the machine", () => {
    expect(rows("json")).toEqual([
      '{"key":{"family":2,"addr":"10.0.0.1","port":443,"mac":"52:54:00:12:34:56","host":443},"from":"127.0.0.1","count":3}',
      '{"key":{"family":10,"addr":"fe80::","port":80,"mac":"52:54:00:12:34:56","host":80},"from":"0.0.0.0","count":1}',
    ]);
  });

  it("is the same of chosen members, also where the one that tells the family is left out", () => {
    expect(rows("json", ["key.addr", "from"])).toEqual([
      '{"key":{"addr":"10.0.0.1"},"from":"127.0.0.1"}',
      '{"key":{"addr":"fe80::"},"from":"0.0.0.0"}',
    ]);
  });

  it("is the same in CSV and YAML", () => {
    expect(rows("csv")[0]).toBe("2,10.0.0.1,443,52:54:00:12:34:56,443,127.0.0.1,3,");
    expect(rows("yaml")[0]).toBe(
      '- key: {"family":2,"addr":"10.0.0.1","port":443,"mac":"52:54:00:12:34:56","host":443}\n  from: "127.0.0.1"\n  count: 3',
    );
  });

  it.each([
    ['key.addr == "10.0.0.1"', true],
    ['event.key.addr.startsWith("10.")', true],
    ["key.port == 443 && key.port == key.host", true],
    ['from == "127.0.0.1"', true],
    ['key.mac != "52:54:00:12:34:56"', false],
  ])("is the same for --filter %s", (text, expected) => {
    const [filter] = eventFilters(text, [kind], () => {});
    expect(filter?.(event)).toBe(expected);
  });

  it("is the same for --filter of a map's entries, whose members are named without key", () => {
    const [filter] = eventFilters('addr == "10.0.0.1" && port == 443', [filterKind(kind)], () => {});
    const shown = (one: Record<string, BpfValue>) => filter?.(filterRecord(one));
    expect([shown(event), shown(other)]).toEqual([true, false]);
  });

  it("is sorted by what it says", () => {
    const values = sortValues([{ column: "key.port", descending: false }], kind.columns);
    expect([values(event), values(other)]).toEqual([[443], [80]]);
  });
});
