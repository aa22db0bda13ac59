import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";
import { signalName } from "./signal.ts";

/** `exit`: a wait status (wait(2)), which is also task_struct.exit_code: `code 2`, `signal SIGSEGV, core dumped`. */
export const exit: MakeFormat = (shape) =>
  isWhole(shape)
    ? { width: 14, align: "left", text: (value) => statusText(numberOf(value)) }
    : "is for integers";

/** Bits 0 to 6: the signal, 0 when there was none; bit 7: core dumped; bits 8 to 15: the exit code. */
function statusText(status: number): string {
  const killer = status & 0x7f;
  if (killer === 0) return `code ${(status >> 8) & 0xff}`;
  return `signal ${signalName(killer)}${(status & 0x80) === 0 ? "" : ", core dumped"}`;
}
