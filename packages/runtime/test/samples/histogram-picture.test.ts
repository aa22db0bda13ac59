import { describe, expect, it } from "vitest";
import { slotsOf } from "../../src/samples/histogram.ts";
import { type HistogramPanel, histogramPicture } from "../../src/samples/histogram-picture.ts";
import { countText, valueText } from "../../src/samples/histogram-scale.ts";

const run = { title: "runqlat", begin: Date.UTC(2026, 0, 2, 3, 4, 5), duration: 1500 };

function log2(counts: readonly number[], more: Partial<HistogramPanel> = {}): HistogramPanel {
  return { name: "", notes: [], slots: slotsOf(counts, { kind: "log2" }), percentiles: [], ...more };
}

/** What the bars of each panel tell under the mouse. */
const told = (svg: string) =>
  svg
    .split('<g transform="translate(48')
    .slice(1)
    .map((panel) => [...panel.matchAll(/<g class="slot"><title>(.*?)<\/title>/g)].map(([, text]) => text));

/** All texts of a class, in their order. */
const texts = (svg: string, kind: string) =>
  [...svg.matchAll(new RegExp(`<text [^>]*class="${kind}"[^>]*>(.*?)</text>`, "g"))].map(([, text]) => text);

describe("a picture of histograms", () => {
  it("has a bar for each slot between the first and the last that counted, as high as its count", () => {
    const svg = histogramPicture([{ unit: "usecs", panels: [log2([0, 0, 50, 0, 100, 0, 0])] }], run);
    expect(told(svg)).toEqual([["4 to 7 usecs: 50", "8 to 15 usecs: 0", "16 to 31 usecs: 100"]]);
    const heights = [...svg.matchAll(/class="bar"[^>]*height="([\d.]+)"/g)].map(([, height]) =>
      Number(height),
    );
    expect(heights).toEqual([142, 0, 284]);
    expect(texts(svg, "count middle")).toEqual(["50", "100"]);
    expect(texts(svg, "tick middle")).toEqual(["4us", "8us", "16us", "32us"]);
    expect(texts(svg, "tick end")).toEqual(["0", "50", "100"]);
    expect(svg).toContain(">150 values<");
    expect(svg).toContain(">2026-01-02 03:04:05 UTC, 1.5 s<");
  });

  it("shows the same slots in all panels of a map, and none for what counted nothing", () => {
    const panels = [
      log2([0, 1, 0, 0], { name: "a" }),
      log2([0, 0, 0, 0], { name: "b" }),
      log2([0, 0, 0, 7], { name: "c" }),
    ];
    const svg = histogramPicture([{ unit: "pages", panels }], run);
    expect(told(svg)).toEqual([
      ["2 to 3 pages: 1", "4 to 7 pages: 0", "8 to 15 pages: 0"],
      ["2 to 3 pages: 0", "4 to 7 pages: 0", "8 to 15 pages: 7"],
    ]);
    expect(texts(svg, "name")).toEqual(["a", "c"]);
    expect(texts(svg, "tick end").filter((text) => text === "pages").length).toBe(2);
  });

  it("has linear slots from below zero", () => {
    const slots = slotsOf([0, 3, 4, 0], { kind: "linear", min: -10n, step: 5n });
    const svg = histogramPicture([{ unit: "%", panels: [{ ...log2([]), slots }] }], run);
    expect(told(svg)).toEqual([["-5 to -1 %: 3", "0 to 4 %: 4"]]);
    expect(texts(svg, "tick middle")).toEqual(["-5", "0", "5"]);
  });

  it("marks percentiles where their buckets end", () => {
    const percentiles = [
      { percent: 50, most: 1n },
      { percent: 90, most: 7n },
      { percent: 99, most: 7n },
    ];
    const svg = histogramPicture([{ unit: "msecs", panels: [log2([6, 3, 1], { percentiles })] }], run);
    expect(svg).toContain("10 values   50% ≤ 1ms   90% ≤ 7ms   99% ≤ 7ms");
    expect(texts(svg, "mark middle")).toEqual(["50%"]);
    expect(texts(svg, "mark end")).toEqual(["90% 99%"]);
    // Three bars on 904 pixels.
    expect([...svg.matchAll(/class="mark" x1="([\d.]+)"/g)].map(([, x]) => Number(x))).toEqual([301.3, 904]);
  });

  it("says so when nothing was counted", () => {
    expect(histogramPicture([{ unit: "usecs", panels: [log2([0, 0])] }], run)).toContain(
      "Nothing was counted.",
    );
    expect(histogramPicture([], run)).toContain("Nothing was counted.");
  });

  it("lets no key, note, unit or title out of its text", () => {
    const evil = `</text><script href="x">&amp;\u0007\ud800\uffff'`;
    const panel = log2([1], { name: evil, notes: [evil] });
    const svg = histogramPicture([{ unit: evil, panels: [panel] }], { ...run, title: evil });
    expect(svg).not.toMatch(/<script|&(?!lt;|gt;|amp;|quot;)/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(svg).not.toMatch(/[\0-\x08\ud800\uffff]/);
    expect(svg).toContain("&lt;/text&gt;&lt;script href=&quot;x&quot;&gt;&amp;amp;\ufffd\ufffd\ufffd");
  });

  it("keeps counts of any size, and stays a picture", () => {
    const svg = histogramPicture(
      [{ unit: "bytes", panels: [{ ...log2([]), slots: slotsOf([1, 2n ** 64n - 1n], { kind: "log2" }) }] }],
      run,
    );
    expect(told(svg)).toEqual([["0 to 1 bytes: 1", "2 to 3 bytes: 18,446,744,073,709,551,615"]]);
    expect(svg).not.toMatch(/NaN|Infinity|\de\+/);
  });
});

describe("numbers on the scales", () => {
  it.each([
    [16384n, "usecs", "16.4ms"],
    [999n, "nsecs", "999ns"],
    [1048576n, "us", "1.05s"],
    [4096n, "bytes", "4KiB"],
    [64n, "KB", "64KiB"],
    [999_999n, "usecs", "1s"],
    [0n, "usecs", "0"],
    [65536n, "pages", "65.5k"],
    [7n, "(unit)", "7"],
  ])("%s %s is %s", (value, unit, text) => {
    expect(valueText(value, unit)).toBe(text);
  });

  it.each([
    [9999n, "9999"],
    [12_345n, "12.3k"],
    [999_999n, "1M"],
  ])("a count of %s is %s", (count, text) => {
    expect(countText(count)).toBe(text);
  });
});
