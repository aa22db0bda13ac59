import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** `uid`: the user's name; a user without one stays a number. */
export const uid: MakeFormat = (shape, _words, { machine }) =>
  isWhole(shape)
    ? {
        width: 8,
        align: "left",
        text(value) {
          // -1 is how programs say "nobody in particular": an unsigned 4294967295.
          const id = numberOf(value) >>> 0;
          return machine.userName(id) ?? String(id);
        },
      }
    : "is for integers";
