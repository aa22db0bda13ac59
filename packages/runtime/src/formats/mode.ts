import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** Bits 12 to 15 (inode(7)); 0 where only permissions are given, as in open(2). */
const TYPES: Readonly<Record<number, string>> = {
  0: "",
  1: "p",
  2: "c",
  4: "d",
  6: "b",
  8: "-",
  10: "l",
  12: "s",
};

/** `mode`: a file's type and permissions as `ls -l` shows them, `-rw-r--r--`. */
export const mode: MakeFormat = (shape) =>
  isWhole(shape)
    ? { width: 10, align: "left", text: (value) => modeText(numberOf(value)) }
    : "is for integers";

function modeText(bits: number): string {
  const type = TYPES[(bits >>> 12) & 0xf] ?? "?";
  return (
    type +
    triple(bits >>> 6, (bits & 0o4000) !== 0, "s") +
    triple(bits >>> 3, (bits & 0o2000) !== 0, "s") +
    triple(bits, (bits & 0o1000) !== 0, "t")
  );
}

/** `special`: set-user-ID, set-group-ID or sticky, in the place of `x`; upper case where `x` is not set. */
function triple(bits: number, special: boolean, letter: string): string {
  const execute = (bits & 1) !== 0;
  const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-";
  return `${(bits & 4) !== 0 ? "r" : "-"}${(bits & 2) !== 0 ? "w" : "-"}${last}`;
}
