import type { ClockName, Machine } from "../src/formats/machine.ts";

/** A machine that always says the same: 2026-01-02 03:04:05.000000678 local time, up for 1000 s. */
export function testMachine(more: Partial<Machine> = {}): Machine {
  const wall = BigInt(new Date(2026, 0, 2, 3, 4, 5).getTime()) * 1_000_000n + 678n;
  const clocks: Readonly<Record<ClockName, bigint>> = {
    wall,
    monotonic: 1_000_000_000_000n,
    boot: 2_000_000_000_000n,
    tai: wall + 37_000_000_000n,
  };
  return {
    littleEndian: true,
    architecture: "x86_64",
    now: (clock) => clocks[clock],
    userName: (uid) => ({ 0: "root", 1000: "ada" })[uid],
    cgroupPath: (id) => (id === 7n ? "/system.slice" : undefined),
    kernelTypes: () => undefined,
    kernelSymbol: () => undefined,
    stackFrames: () => undefined,
    ...more,
  };
}
