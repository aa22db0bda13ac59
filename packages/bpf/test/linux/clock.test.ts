import { describe, expect, it } from "vitest";
import { readClock } from "../../src/linux/clock.ts";
import { koffiNative } from "../../src/linux/koffi.ts";

describe("readClock", () => {
  const native = koffiNative();

  it("reads the monotonic clock that Node's hrtime reads", () => {
    const before = process.hrtime.bigint();
    const now = readClock(native, "monotonic");
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(process.hrtime.bigint());
  });

  it("reads the time of day, and clocks that are never behind the monotonic one", () => {
    expect(Math.abs(Number(readClock(native, "wall") / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(readClock(native, "boot") + 1_000_000n).toBeGreaterThan(
      readClock(native, "monotonic") - 1_000_000n,
    );
    expect(readClock(native, "tai")).toBeGreaterThan(0n);
  });
});
