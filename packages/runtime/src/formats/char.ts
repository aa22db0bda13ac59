import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** `char`: one character; nothing for 0. */
export const char: MakeFormat = (shape) =>
  isWhole(shape)
    ? {
        width: 4,
        align: "left",
        text(value) {
          const code = numberOf(value) & 0xff;
          // From 0x80 on a byte is a piece of a character, which U+DC80... stands for, as in text.
          return code === 0 ? "" : String.fromCharCode(code < 0x80 ? code : 0xdc00 + code);
        },
      }
    : "is for integers";
