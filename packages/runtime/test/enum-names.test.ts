import { describe, expect, it } from "vitest";
import { enumeratorNamed, shortNames } from "../src/shapes/enum-names.ts";

const values = (...names: string[]) => names.map((name, index) => ({ name, value: BigInt(index) }));

describe("names of enumerators", () => {
  it("are short where all begin with the same words", () => {
    expect(shortNames(values("SOFTIRQ_HI", "SOFTIRQ_NET_TX", "SOFTIRQ_NET_RX"))).toEqual([
      "hi",
      "net_tx",
      "net_rx",
    ]);
    expect(shortNames(values("UNIT_NSECS", "UNIT_USECS"))).toEqual(["nsecs", "usecs"]);
  });

  it("stay as they are where they do not, or nothing would be left", () => {
    expect(shortNames(values("RED", "GREEN"))).toEqual(["RED", "GREEN"]);
    expect(shortNames(values("ONLY_ONE"))).toEqual(["ONLY_ONE"]);
    expect(shortNames(values("A_", "A_B"))).toEqual(["A_", "A_B"]);
    expect(shortNames([])).toEqual([]);
  });

  it("are found in full and in short", () => {
    const per = values("PER_ALL", "PER_PROCESS");
    expect(["PER_PROCESS", "process", "Process", "nobody"].map((name) => enumeratorNamed(per, name))).toEqual(
      [1n, 1n, 1n, undefined],
    );
  });
});
