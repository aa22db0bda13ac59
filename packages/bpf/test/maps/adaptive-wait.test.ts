import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Native } from "../../src/linux/native.ts";
import { AdaptiveWait } from "../../src/maps/adaptive-wait.ts";

/** Stands for epoll: which descriptors are watched, and a way to wake. */
function fakeNative() {
  const watched = new Map<number, () => void>();
  const onReadable = (fd: number, callback: () => void) => {
    watched.set(fd, callback);
    return { [Symbol.dispose]: () => void watched.delete(fd) };
  };
  return { watched, native: { onReadable } as unknown as Native };
}

beforeEach(
  () =>
    void vi.useFakeTimers({
      toFake: ["setTimeout", "clearTimeout", "setImmediate", "clearImmediate", "performance"],
    }),
);
afterEach(() => void vi.useRealTimers());

it("lets the kernel wake it while little happens", () => {
  const { watched, native } = fakeNative();
  const wait = new AdaptiveWait(native, [5, 6], () => {});
  vi.advanceTimersByTime(1000);
  wait.arm(10, "empty");
  expect([...watched.keys()]).toEqual([5, 6]);
  wait.pause();
  expect(watched.size).toBe(0);
});

it("ticks while much happens, and goes back when it is over", () => {
  const { watched, native } = fakeNative();
  let events = 1000;
  let wakes = 0;
  const wait = new AdaptiveWait(native, [5], () => {
    wakes++;
    wait.arm(events, "empty");
  });
  vi.advanceTimersByTime(1);
  wait.arm(events, "empty");
  vi.advanceTimersByTime(50);
  expect(watched.size).toBe(0);
  expect(wakes).toBe(50);
  events = 0;
  vi.advanceTimersByTime(200);
  expect(watched.size).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it("does not watch while a record is being written, as its descriptor stays readable", () => {
  const { watched, native } = fakeNative();
  let wakes = 0;
  const wait = new AdaptiveWait(native, [5], () => wakes++);
  wait.arm(0, "busy");
  expect(watched.size).toBe(0);
  vi.advanceTimersByTime(1);
  expect(wakes).toBe(1);
});

it("comes back at once when there was more, and not at all when paused", () => {
  const { native } = fakeNative();
  let wakes = 0;
  const wait = new AdaptiveWait(native, [5], () => wakes++);
  wait.arm(10, "limit");
  vi.runAllTimers();
  expect(wakes).toBe(1);
  wait.arm(10, "limit");
  wait.pause();
  vi.runAllTimers();
  expect(wakes).toBe(1);
});

it("looks every five milliseconds while some thousand events come in a second", () => {
  const { watched, native } = fakeNative();
  let wakes = 0;
  const wait = new AdaptiveWait(native, [5], () => {
    wakes++;
    wait.arm(25, "empty");
  });
  vi.advanceTimersByTime(5);
  wait.arm(25, "empty");
  vi.advanceTimersByTime(100);
  expect(watched.size).toBe(0);
  expect(wakes).toBe(20);
});
