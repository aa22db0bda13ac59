import type { MakeFormat } from "./format.ts";
import { integerOf, isWhole, unknown } from "./numbers.ts";

/** `cgroup`: the path of a cgroup (v2) below the root of its hierarchy, from its id. */
export const cgroup: MakeFormat = (shape, _words, { machine }) =>
  isWhole(shape)
    ? {
        width: 32,
        align: "left",
        text(value) {
          const id = integerOf(value);
          return (id === undefined ? undefined : machine.cgroupPath(BigInt(id))) ?? unknown(value);
        },
      }
    : "is for integers";
