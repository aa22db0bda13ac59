import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LossWatch } from "../src/events/loss-watch.ts";
import type { Loss } from "../src/output/view.ts";

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe("LossWatch", () => {
  it("reports what the counters gained, also when no event follows, and a last time at the end", () => {
    let count = 0n;
    const losses: Loss[] = [];
    const watch = new LossWatch(
      () => [{ counter: "events", count, cause: "full" }],
      (loss) => losses.push(loss) > 0,
    );
    watch.start();
    vi.advanceTimersByTime(3000);
    expect(losses).toEqual([]);
    count = 5n;
    vi.advanceTimersByTime(1000);
    expect(losses).toEqual([
      { count: 5n, since: 1_003_000_000_000n, until: 1_004_000_000_000n, cause: "full" },
    ]);
    count = 7n;
    expect(watch.total).toBe(7n);
    vi.advanceTimersByTime(300);
    watch.stop();
    expect(losses[1]).toEqual({
      count: 2n,
      since: 1_004_000_000_000n,
      until: 1_004_300_000_000n,
      cause: "full",
    });
    watch.stop();
    expect(losses).toHaveLength(2);
    expect(watch.total).toBe(7n);
  });

  it("adds up what could not be shown, and counts a shared counter once", () => {
    let count = 1n;
    let busy = true;
    const losses: Loss[] = [];
    const watch = new LossWatch(
      () => [
        { counter: "lost_events", count, cause: "full" },
        { counter: "lost_events", count, cause: "full" },
      ],
      (loss) => !busy && losses.push(loss) > 0,
    );
    watch.start();
    vi.advanceTimersByTime(1000);
    count = 4n;
    busy = false;
    vi.advanceTimersByTime(1000);
    expect(losses).toEqual([
      { count: 4n, since: 1_000_000_000_000n, until: 1_002_000_000_000n, cause: "full" },
    ]);
    expect(watch.total).toBe(4n);
    watch.stop();
  });
});
