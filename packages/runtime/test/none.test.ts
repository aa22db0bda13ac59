import { describe, expect, it } from "vitest";
import { eventFilters } from "../src/events/event-filter.ts";
import { compareBy, sortValues } from "../src/events/sort.ts";
import { columnsOf } from "../src/output/columns.ts";
import { select } from "../src/output/select.ts";
import { Timeline } from "../src/output/timeline.ts";
import type { EventKind } from "../src/output/view.ts";
import { viewsOf } from "../src/output/views.ts";
import type { Annotations } from "../src/shapes/annotations.ts";
import { s64, struct, u32 } from "./kind.ts";
import { testMachine } from "./machine.ts";

const machine = testMachine();
const shape = struct({ pid: u32, lasted_ns: s64 }, "event");
const note = { format: "duration ns", hidden: false, ignore: false, none: -1 };
const annotations: Annotations = new Map([
  ["event", { view: undefined, kind: undefined, members: new Map([["lasted_ns", note]]) }],
]);
const kind: EventKind = {
  source: "events",
  name: "events",
  shape,
  columns: columnsOf(shape, { machine, annotations }),
};
const [zero, none, long] = [
  { pid: 1, lasted_ns: 0n },
  { pid: 2, lasted_ns: -1n },
  { pid: 3, lasted_ns: 1500n },
];

const rows = (output: "table" | "json" | "csv" | "yaml") => {
  const timeline = new Timeline(machine);
  const selections = select([kind], { output, timestamp: "none", fields: undefined, timeline });
  const [view] = viewsOf(output, selections).views;
  return [zero, none].map((one) => view?.row(one));
};

describe("a value that says that there is none (@none)", () => {
  it("is an empty cell, null in JSON and YAML, nothing in CSV: 0 is 0", () => {
    expect(rows("table").map((row) => row?.trimEnd())).toEqual(["1            0ns", "2"]);
    expect(rows("json")).toEqual(['{"pid":1,"lasted_ns":0}', '{"pid":2,"lasted_ns":null}']);
    expect(rows("csv")).toEqual(["1,0,", "2,,"]);
    expect(rows("yaml")).toEqual(["- pid: 1\n  lasted_ns: 0", "- pid: 2\n  lasted_ns: null"]);
  });

  it("compares with nothing, and can be asked for", () => {
    const said: string[] = [];
    const shown = (text: string) => {
      const [filter] = eventFilters(text, [kind], (line) => void said.push(line));
      return [zero, none, long].filter((event) => filter?.(event)).map(({ pid }) => pid);
    };
    expect(shown("lasted_ns < 1000")).toEqual([1]);
    expect(shown("lasted_ns >= 0")).toEqual([1, 3]);
    expect(shown("lasted_ns == null")).toEqual([2]);
    expect(shown("lasted_ns > 1000 || pid == 2")).toEqual([2, 3]);
    expect(said).toEqual([]);
  });

  it("comes last in either order", () => {
    for (const [descending, order] of [
      [false, [1, 3, 2]],
      [true, [3, 1, 2]],
    ] as const) {
      const keys = [{ column: "lasted_ns", descending }];
      const values = sortValues(keys, kind.columns);
      const sorted = [none, long, zero].sort((a, b) => compareBy(keys)(values(a), values(b)));
      expect(sorted.map(({ pid }) => pid)).toEqual(order);
    }
  });
});
