import { describe, expect, it } from "vitest";
import { readView, viewMembers } from "../src/view-text.ts";

const column = (member: string, more: object = {}) => ({
  member,
  hidden: false,
  header: undefined,
  width: undefined,
  align: undefined,
  ...more,
});

describe("readView", () => {
  it("reads columns with header, width and side, hidden ones, and the rest", () => {
    expect(readView('table pid, comm:16, lat_us="LAT (us)":>9, key.addr=ADDR:<20, *, -family')).toEqual({
      kind: "table",
      columns: [
        column("pid"),
        column("comm", { width: 16 }),
        column("lat_us", { header: "LAT (us)", width: 9, align: "right" }),
        column("key.addr", { header: "ADDR", width: 20, align: "left" }),
        column("*"),
        column("family", { hidden: true }),
      ],
    });
    expect(readView("table")).toEqual({ kind: "table", columns: [] });
  });

  it("reads rows with conditions, fields and a header, over several lines", () => {
    const view = readView(
      'rows\n header "TIME EVENT"\n exit_event=true ret!=0 "{time} EXIT {{{pid:<7}}} \\u00e4"\n "{time} EXEC {name:>3}"',
    );
    expect(view).toEqual({
      kind: "rows",
      header: "TIME EVENT",
      rows: [
        {
          conditions: [
            { member: "exit_event", equal: true, value: "true" },
            { member: "ret", equal: false, value: "0" },
          ],
          parts: [
            { member: "time", width: undefined, align: "left" },
            " EXIT {",
            { member: "pid", width: 7, align: "left" },
            "} ä",
          ],
        },
        {
          conditions: [],
          parts: [
            { member: "time", width: undefined, align: "left" },
            " EXEC ",
            { member: "name", width: 3, align: "right" },
          ],
        },
      ],
    });
    expect("problem" in view || viewMembers(view)).toEqual(["exit_event", "ret", "pid", "name"]);
  });

  it.each([
    "",
    "list pid",
    "table pid comm",
    "table pid:wide",
    'table pid="',
    "rows",
    "rows header",
    'rows header "only"',
    "rows a=b",
    'rows a "x"',
    'rows "{"',
    'rows "{pid:}"',
    'rows "bad \\q"',
    'rows header a=b "x"',
  ])("says what is wrong with %j", (text) => {
    expect(readView(text)).toEqual({ problem: expect.any(String) });
  });
});
