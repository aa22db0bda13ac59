import { describe, expect, it } from "vitest";
import { TopScreen } from "../../src/samples/top-screen.ts";

/** What a terminal of this size shows after these lines were written to it. */
function show(columns: number, rows: number, writes: readonly (readonly string[])[]): string[] {
  const screen = [""];
  let at = 0;
  for (const line of writes.flat()) {
    for (const [part] of line.replaceAll("\x1b", "␛").matchAll(/␛\[\d*[A-Z]|\r|[^␛\r]+/g)) {
      const [, up] = /^␛\[(\d+)A$/.exec(part) ?? [];
      if (up !== undefined) at -= Number(up);
      else if (part === "␛[J") screen.length = at;
      else if (part === "␛[H") at = 0;
      else if (part !== "\r") screen[at] = part;
    }
    expect(screen[at]?.length ?? 0).toBeLessThanOrEqual(columns);
    at++;
  }
  expect(at).toBeLessThan(rows);
  return screen;
}

describe("TopScreen", () => {
  it("draws over what it drew before, and leaves nothing of it", () => {
    const screen = new TopScreen({ columns: 40, rows: 10 });
    const first = screen.draw(["12:00:01", "PID COUNT", "1   10", "2   9"]);
    const second = screen.draw(["12:00:02", "PID COUNT", "3   4"]);
    expect(show(40, 10, [first, second])).toEqual(["12:00:02", "PID COUNT", "3   4"]);
  });

  it("shows what fits: a screen that scrolls could not be drawn over", () => {
    const screen = new TopScreen({ columns: 5, rows: 4 });
    const lines = screen.draw(["123456789", "b", "c", "d", "e"]);
    expect(show(5, 4, [lines])).toEqual(["12345", "b", "c"]);
  });

  it("does not cut a character in two", () => {
    const [line = ""] = new TopScreen({ columns: 2, rows: 4 }).draw(["a😀bc"]);
    expect(line.endsWith("a😀")).toBe(true);
  });

  it("begins at the top after the size of the screen has changed", () => {
    const screen = new TopScreen({ columns: 40, rows: 10 });
    screen.draw(["1", "2"]);
    screen.resize();
    expect(screen.draw(["3"])[0]).toBe("\x1b[H\r\x1b[J3");
    expect(screen.draw(["4"])[0]).toBe("\x1b[1A\r\x1b[J4");
  });
});
