import { describe, expect, it } from "vitest";
import { nextDue } from "../../src/samples/ticker.ts";

describe("nextDue", () => {
  it("is one interval after the last, not after now: a late tick does not delay those behind it", () => {
    expect(nextDue(1000, 1000, 100)).toBe(1100);
    expect(nextDue(1000, 1037, 100)).toBe(1100);
  });

  it("leaves out the ticks that nobody had time for, and keeps the rhythm", () => {
    expect(nextDue(1000, 1250, 100)).toBe(1300);
    expect(nextDue(1000, 1300, 100)).toBe(1400);
  });
});
