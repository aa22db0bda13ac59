import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";
import { SYSCALL_NAMES } from "./syscall-names.ts";

/** `syscall`: the name of a system call of the machine. */
export const syscall: MakeFormat = (shape, _words, { machine }) => {
  if (!isWhole(shape)) return "is for integers";
  const table = SYSCALL_NAMES[machine.architecture];
  if (table === undefined) return `has no table for machine ${machine.architecture}`;
  const names = table.trim().split(" ");
  return {
    width: 16,
    align: "left",
    text(value) {
      const number = numberOf(value);
      const name = names[number] ?? "-";
      return name === "-" ? `unknown:${number}` : name;
    },
  };
};
