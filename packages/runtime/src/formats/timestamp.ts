import { clockText } from "../output/clock-text.ts";
import type { MakeFormat, OwnTime } from "./format.ts";
import type { ClockName } from "./machine.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";
import { NANOSECONDS, TIME_UNITS } from "./units.ts";
import { WallClock } from "./wall-clock.ts";

const CLOCKS: readonly ClockName[] = ["monotonic", "boot", "tai", "wall"];
const SECOND = 1_000_000_000n;

/**
 * `timestamp ns`: a point in time as local time of day. It counts from the boot of the machine, as bpf_ktime_get_ns() does;
 * a second word names another clock: `boot`, `tai`, `wall`.
 */
export const timestamp: MakeFormat = (shape, [unit = "ns", clock = "monotonic"], { machine }) => {
  if (!isWhole(shape)) return "is for integers";
  const factor = NANOSECONDS[unit];
  if (factor === undefined) return `knows the units ${TIME_UNITS}`;
  const known = CLOCKS.find((name) => name === clock);
  if (known === undefined) return `knows the clocks ${CLOCKS.join(", ")}`;
  const scale = BigInt(factor);
  const time: OwnTime = {
    clock: known,
    nanoseconds: (value) => BigInt(integerOf(value) ?? 0) * scale,
  };
  const wall = new WallClock(machine);
  return {
    width: 18,
    align: "left",
    time,
    text(value) {
      if (integerOf(value) === undefined) return unknown(value);
      const at = wall.at(time.nanoseconds(value), known);
      const date = new Date(Number(at / SECOND) * 1000);
      return `${clockText(date)}.${String(at % SECOND).padStart(9, "0")}`;
    },
  };
};
