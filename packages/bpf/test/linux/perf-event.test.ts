import { expect, it } from "vitest";
import { encodePerfEventAttr } from "../../src/linux/perf-event.ts";

it("lays out struct perf_event_attr as the kernel reads it", () => {
  const bytes = encodePerfEventAttr({
    type: 1,
    config: 2,
    samplePeriod: 99,
    frequency: true,
    sampleType: 1 << 10,
    wakeup: 3,
    disabled: true,
    inherit: true,
    config1: 0xffff_8000_0000_0000n,
    config2: -1n,
  });
  const view = new DataView(bytes.buffer);
  expect([view.getUint32(0, true), view.getUint32(4, true), bytes.length]).toEqual([1, 112, 112]);
  expect([8, 16, 24].map((offset) => view.getBigUint64(offset, true))).toEqual([2n, 99n, 1024n]);
  expect(view.getBigUint64(40, true)).toBe((1n << 0n) | (1n << 1n) | (1n << 10n));
  expect(view.getUint32(48, true)).toBe(3);
  expect(view.getBigUint64(56, true)).toBe(0xffff_8000_0000_0000n);
  expect(view.getBigUint64(64, true)).toBe(0xffff_ffff_ffff_ffffn);
});
