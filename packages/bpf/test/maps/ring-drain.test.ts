import { describe, expect, it } from "vitest";
import type { EventOptions } from "../../src/maps/event-map.ts";
import { generateRingDrain, RingCounter, RingEnd } from "../../src/maps/ring-drain.ts";
import { compiled } from "../codec/compiled.ts";
import { FakeRing } from "./fake-ring.ts";

const { btf } = compiled("codec.bpf.c");
const point = { btf, typeId: btf.find("point") ?? 0 };
const flexible = { btf, typeId: btf.find("flexible") ?? 0 };
const bytesOf = (x: number, y: number) => new Uint8Array(Int16Array.of(x, y).buffer);

function drainAll(ring: FakeRing, options: EventOptions = { type: point }, limit = Number.MAX_SAFE_INTEGER) {
  const events: unknown[] = [];
  const drain = generateRingDrain(ring.pages, options, true) as (
    emit: (event: unknown) => void,
    limit: number,
  ) => number;
  const end = drain((event) => events.push(event), limit);
  return { events, end };
}

describe.each([true, false])("the drain loop (plain loads: %s)", (plain) => {
  it("decodes records, skips discarded ones and publishes its position", () => {
    const ring = new FakeRing(4096);
    ring.submit(bytesOf(1, 2));
    ring.submit(bytesOf(0, 0), "discarded");
    ring.submit(bytesOf(3, -4));
    const events: unknown[] = [];
    const end = generateRingDrain(
      ring.pages,
      { type: point },
      plain,
    )(((event: unknown) => events.push(event)) as never, Number.MAX_SAFE_INTEGER);
    expect(events).toEqual([
      { x: 1, y: 2 },
      { x: 3, y: -4 },
    ]);
    expect(end).toBe(RingEnd.empty);
    expect(ring.consumed).toBe(ring.produced);
    expect([...ring.pages.counters]).toEqual([2, 1, 0]);
  });
});

it("stops before a record that is being written, and goes on when it is finished", () => {
  const ring = new FakeRing(4096);
  ring.submit(bytesOf(1, 1));
  const at = ring.submit(bytesOf(2, 2), "busy");
  ring.submit(bytesOf(3, 3));
  expect(drainAll(ring)).toEqual({ events: [{ x: 1, y: 1 }], end: RingEnd.busy });
  expect(ring.consumed).toBe(16n);
  ring.finish(at, 4);
  expect(drainAll(ring).events).toEqual([
    { x: 2, y: 2 },
    { x: 3, y: 3 },
  ]);
});

it.each([
  ["the end of the ring", 4096n - 8n],
  ["2^31", 2n ** 31n - 8n],
  ["2^32", 2n ** 32n - 16n],
  ["2^63", 2n ** 63n - 16n],
])("walks over %s", (_, start) => {
  const ring = new FakeRing(4096, start);
  for (let index = 0; index < 50; index++) ring.submit(bytesOf(index, -index));
  expect(drainAll(ring).events).toEqual(Array.from({ length: 50 }, (_unused, x) => ({ x, y: -x || 0 })));
  expect(BigInt.asUintN(64, ring.consumed)).toBe(ring.produced);
});

it("reads at most as many as asked for, and leaves the rest in the ring", () => {
  const ring = new FakeRing(4096);
  for (let index = 0; index < 5; index++) ring.submit(bytesOf(index, 0));
  expect(drainAll(ring, { type: point }, 2)).toMatchObject({
    end: RingEnd.limit,
    events: [{ x: 0 }, { x: 1 }],
  });
  expect(ring.consumed).toBe(32n);
  expect(drainAll(ring).events).toHaveLength(3);
});

it("counts records shorter than their type and skips them", () => {
  const ring = new FakeRing(4096);
  ring.submit(Uint8Array.of(1, 2));
  ring.submit(bytesOf(7, 8));
  expect(drainAll(ring).events).toEqual([{ x: 7, y: 8 }]);
  expect(ring.pages.counters[RingCounter.malformed]).toBe(1);
});

it("gives a flexible array what the record holds, not what lies behind it", () => {
  const ring = new FakeRing(4096);
  ring.submit(new Uint8Array(Uint32Array.of(2, 10, 11).buffer));
  ring.submit(new Uint8Array(Uint32Array.of(1, 20).buffer));
  expect(drainAll(ring, { type: flexible }).events).toEqual([
    { count: 2, items: [10, 11] },
    { count: 1, items: [20] },
  ]);
});

it.each([0x3fffffff, 4096, 17])("ends at a record that claims %i bytes", (length) => {
  const ring = new FakeRing(4096);
  ring.submit(bytesOf(1, 1));
  ring.submit(bytesOf(2, 2), "submitted", length);
  expect(drainAll(ring)).toEqual({ events: [{ x: 1, y: 1 }], end: RingEnd.corrupt });
  expect(ring.consumed).toBe(16n);
});

it("has consumed a record when its callback throws, and can go on", () => {
  const ring = new FakeRing(4096);
  for (let index = 0; index < 3; index++) ring.submit(bytesOf(index, 0));
  const drain = generateRingDrain(ring.pages, { type: point }, true);
  const fail = () => {
    throw new Error("no");
  };
  expect(() => drain(fail, 10)).toThrow("no");
  expect(ring.consumed).toBe(16n);
  expect(drainAll(ring).events).toEqual([
    { x: 1, y: 0 },
    { x: 2, y: 0 },
  ]);
});

it("gives bytes that stay when no type is known", () => {
  const ring = new FakeRing(4096);
  ring.submit(Uint8Array.of(1, 2, 3));
  const { events } = drainAll(ring, {});
  for (let index = 0; index < 1000; index++) {
    drainAll(ring);
    ring.submit(Uint8Array.of(9, 9, 9));
  }
  expect(events).toEqual([Uint8Array.of(1, 2, 3)]);
});

it("shows one view after the other, and nothing after the drain", () => {
  const ring = new FakeRing(4096);
  ring.submit(bytesOf(1, 2));
  ring.submit(bytesOf(3, 4));
  const seen: unknown[] = [];
  let kept: { x: number } | undefined;
  const drain = generateRingDrain(ring.pages, { type: point, as: "view" }, true);
  drain(
    ((event: { x: number; y: number }) => {
      kept = event;
      seen.push([event.x, event.y]);
    }) as never,
    10,
  );
  expect(seen).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(() => kept?.x).toThrow(RangeError);
});
