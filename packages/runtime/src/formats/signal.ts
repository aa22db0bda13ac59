import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** From 1 on, the same on x86, arm64 and riscv (include/uapi/asm-generic/signal.h). */
const NAMES =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS".split(
    " ",
  );

/** The C library keeps the kernel's first two real-time signals to itself: its SIGRTMIN is 34 (signal(7)). */
export const REAL_TIME_MIN = 34;
export const REAL_TIME_MAX = 64;

/** `signal`: its name; 0, which kill(2) takes to ask whether a process is there, is `0`. */
export const signal: MakeFormat = (shape) =>
  isWhole(shape)
    ? { width: 9, align: "left", text: (value) => signalName(numberOf(value)) }
    : "is for integers";

/** `SIGTERM`, `SIGRTMIN+3`, `0`, or `unknown:77` for what is no signal. */
export function signalName(number: number): string {
  if (number === 0) return "0";
  const name = NAMES[number - 1];
  if (name !== undefined) return `SIG${name}`;
  if (number === REAL_TIME_MIN) return "SIGRTMIN";
  if (number > REAL_TIME_MIN && number <= REAL_TIME_MAX) return `SIGRTMIN+${number - REAL_TIME_MIN}`;
  return `unknown:${number}`;
}
