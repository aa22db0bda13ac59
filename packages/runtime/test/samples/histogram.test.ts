import { describe, expect, it } from "vitest";
import { bucketsOf, type Count, histogramLines, percentilesOf } from "../../src/samples/histogram.ts";

const log2 = (counts: readonly Count[], unit = "usecs") =>
  histogramLines(bucketsOf(counts, { kind: "log2" }), unit).join("\n");
const linear = (counts: readonly Count[], min: bigint, step: bigint, unit = "%") =>
  histogramLines(bucketsOf(counts, { kind: "linear", min, step }), unit).join("\n");

describe("log2 histogram", () => {
  it("looks as libbpf-tools print it, character by character", () => {
    expect(log2([189, 466, 7073])).toBe(
      [
        "     usecs               : count    distribution",
        "         0 -> 1          : 189      |*                                       |",
        "         2 -> 3          : 466      |**                                      |",
        "         4 -> 7          : 7073     |****************************************|",
      ].join("\n"),
    );
  });

  it("ends with the last slot that counted anything, and keeps empty ones before it", () => {
    expect(log2([0, 0, 1, 0, 2, 0, 0], "(unit)")).toBe(
      [
        "     (unit)              : count    distribution",
        "         0 -> 1          : 0        |                                        |",
        "         2 -> 3          : 0        |                                        |",
        "         4 -> 7          : 1        |********************                    |",
        "         8 -> 15         : 0        |                                        |",
        "        16 -> 31         : 2        |****************************************|",
      ].join("\n"),
    );
  });

  it("is empty when nothing was counted", () => {
    expect(log2([0, 0n, 0])).toBe("");
    expect(log2([])).toBe("");
  });

  it("has the narrow columns up to slot 32 and the wide ones from slot 33", () => {
    const at = (slot: number) => [...Array.from({ length: slot }, () => 0), 1];
    expect(log2(at(32)).split("\n").at(-1)).toBe(
      "4294967296 -> 8589934591 : 1        |****************************************|",
    );
    const wide = log2(at(33), "nsecs").split("\n");
    expect(wide[0]).toBe("               nsecs                         : count    distribution");
    expect(wide.at(-1)).toBe(
      "          8589934592 -> 17179869183          : 1        |********************|",
    );
  });

  it("keeps the stars in proportion for counts that overflow the reference's 32 bits", () => {
    const rows = log2([3_000_000_000, 6_000_000_000n, 18_446_744_073_709_551_615n]).split("\n");
    expect(rows[1]).toBe("         0 -> 1          : 3000000000 |                                        |");
    expect(rows[3]).toBe(
      "         4 -> 7          : 18446744073709551615 |****************************************|",
    );
    expect(log2([107_374_183, 214_748_366]).split("\n")[1]).toContain(`|${"*".repeat(20)} `);
  });

  it("names the bounds of slot 63 exactly", () => {
    const { low, high } = bucketsOf([...Array.from({ length: 63 }, () => 0), 1], { kind: "log2" }).at(-1)!;
    expect([low, high]).toEqual([9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n]);
  });
});

describe("linear histogram", () => {
  it("counts in equal steps from the least value, and begins with the first slot that counted anything", () => {
    expect(linear([0, 4, 0, 8], 10n, 5n)).toBe(
      [
        "     %                   : count    distribution",
        "        15 -> 19         : 4        |********************                    |",
        "        20 -> 24         : 0        |                                        |",
        "        25 -> 29         : 8        |****************************************|",
      ].join("\n"),
    );
  });

  it("counts single values, also below zero", () => {
    expect(linear([1, 1], -1n, 1n).split("\n").slice(1)).toEqual([
      "        -1 -> -1         : 1        |****************************************|",
      "         0 -> 0          : 1        |****************************************|",
    ]);
  });
});

describe("percentiles", () => {
  const most = (counts: readonly Count[], ...percents: number[]) =>
    percentilesOf(bucketsOf(counts, { kind: "log2" }), percents).map((one) => one.most);

  it("are the upper ends of the slots in which they lie", () => {
    expect(most([50, 40, 9, 1], 50, 50.1, 90, 99, 99.9, 100)).toEqual([1n, 3n, 3n, 7n, 15n, 15n]);
    expect(most([0, 0, 1], 0.1, 50, 100)).toEqual([7n, 7n, 7n]);
  });

  it("count beyond all bounds, and nothing", () => {
    expect(most([1n << 60n, 1n << 60n, 1n], 50, 75, 100)).toEqual([3n, 3n, 7n]);
    expect(most([0, 0], 50)).toEqual([]);
  });
});
