import { describe, expect, it } from "vitest";
import { parseSort } from "../src/events/sort.ts";
import { SortedRows } from "../src/events/sorted-rows.ts";
import type { View } from "../src/output/view.ts";
import { UsageError } from "../src/usage-error.ts";
import { comm, eventKind, u32, u64 } from "./kind.ts";

const kind = eventKind({ pid: u32, ns: u64, comm });
const view: View = { header: undefined, row: (event) => (event as { readonly comm: string }).comm };
const sorted = (keys: string, events: readonly [number, bigint, string][], most?: number) => {
  const rows = new SortedRows(parseSort(keys), new Map([[view, kind.columns]]), most);
  for (const [pid, ns, comm] of events) rows.add(view, { pid, ns, comm });
  return { rows: rows.take(), leftOut: rows.leftOut };
};

describe("--sort", () => {
  it("sorts by numbers of both kinds and by text, upwards and downwards, equal rows as they came", () => {
    const events: [number, bigint, string][] = [
      [2, 10n, "b"],
      [1, 9n, "a"],
      [2, 2n ** 64n - 1n, "c"],
      [1, 9n, "d"],
    ];
    expect(sorted("pid", events).rows).toEqual(["a", "d", "b", "c"]);
    expect(sorted("-pid,ns", events).rows).toEqual(["b", "c", "a", "d"]);
    expect(sorted("-ns", events).rows).toEqual(["c", "b", "a", "d"]);
    expect(sorted("-comm", events).rows).toEqual(["d", "c", "b", "a"]);
  });

  it("keeps the first rows of the order when there are too many, and counts the rest", () => {
    const events = Array.from({ length: 1000 }, (_, i): [number, bigint, string] => [
      (i * 7919) % 1000,
      0n,
      `${(i * 7919) % 1000}`,
    ]);
    const { rows, leftOut } = sorted("-pid", events, 3);
    expect(rows).toEqual(["999", "998", "997"]);
    expect(leftOut).toBe(997);
  });

  it("refuses an empty column", () => {
    for (const text of ["", "a,,b", "-"]) expect(() => parseSort(text)).toThrow(UsageError);
  });
});
