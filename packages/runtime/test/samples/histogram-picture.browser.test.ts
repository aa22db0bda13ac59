import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { slotsOf } from "../../src/samples/histogram.ts";
import { histogramPicture } from "../../src/samples/histogram-picture.ts";
import { describeInBrowser } from "../browser.ts";

const EVIL = `</title></text><script>globalThis.broken = 1</script><a href="javascript:1">&lt;\u0001\ud800\ufffe`;
const percentiles = [
  { percent: 50, most: 7n },
  { percent: 99.9, most: 63n },
];
const panel = (name: string, counts: readonly number[]) => ({
  name,
  notes: [EVIL],
  slots: slotsOf(counts, { kind: "log2" as const }),
  percentiles,
});

describeInBrowser("a picture of histograms", (place) => {
  it("is XML that shows its bars inside the picture, and runs nothing", async () => {
    const file = join(place.directory, "histogram.svg");
    const panels = [panel(EVIL, [1, 5, 900, 20, 4, 1]), panel("pid 42", [0, 0, 3, 0, 0, 1])];
    writeFileSync(
      file,
      histogramPicture([{ unit: EVIL, panels }], { title: EVIL, begin: 0, duration: 1000 }),
    );
    await using page = await place.browser.open(pathToFileURL(file));
    expect(await page.value("document.documentElement.tagName")).toBe("svg");
    expect(await page.value("document.querySelectorAll('script, a, parsererror').length")).toBe(0);
    expect(await page.value("typeof globalThis.broken")).toBe("undefined");
    const heights = await page.value<readonly number[]>(
      "[...document.querySelectorAll('.bar')].map((bar) => bar.getBBox().height)",
    );
    expect(heights).toEqual(
      [1, 1, 134, 3, 1, 1, 0, 0, 134, 0, 0, 44.7].map((height) => expect.closeTo(height, 1)),
    );
    // All that is written is on the page, names that are too long too.
    const outside = `[...document.querySelectorAll("text, rect")].filter((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      const page = document.documentElement.getBoundingClientRect();
      return left < page.left - 1 || right > page.right + 1 || top < page.top - 1 || bottom > page.bottom + 1;
    }).map((one) => one.textContent)`;
    expect(await page.value(outside)).toEqual([]);
    expect(page.complaints).toEqual([]);
  });
});
