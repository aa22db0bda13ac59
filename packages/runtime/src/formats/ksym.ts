import type { MakeFormat } from "./format.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";

/** `ksym`: an address of the kernel as `function+0x12`; in hexadecimal where that is not known. */
export const ksym: MakeFormat = (shape, _words, { machine }) =>
  isWhole(shape)
    ? {
        width: 24,
        align: "left",
        text(value) {
          const integer = integerOf(value);
          if (integer === undefined) return unknown(value);
          const address = BigInt.asUintN(64, BigInt(integer));
          return machine.kernelSymbol(address) ?? `0x${address.toString(16)}`;
        },
      }
    : "is for addresses";
