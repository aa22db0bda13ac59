import { errnoName } from "@skep/bpf";
import type { MakeFormat } from "./format.ts";
import { isWhole, numberOf } from "./numbers.ts";

/** What stays inside the kernel, but programs see on its functions (include/linux/errno.h). */
const INTERNAL: Readonly<Record<number, string>> = {
  512: "ERESTARTSYS",
  513: "ERESTARTNOINTR",
  514: "ERESTARTNOHAND",
  515: "ENOIOCTLCMD",
  516: "ERESTART_RESTARTBLOCK",
  517: "EPROBE_DEFER",
  518: "EOPENSTALE",
  519: "ENOPARAM",
  521: "EBADHANDLE",
  522: "ENOTSYNC",
  523: "EBADCOOKIE",
  525: "ETOOSMALL",
  526: "ESERVERFAULT",
  527: "EBADTYPE",
  528: "EJUKEBOX",
  529: "EIOCBQUEUED",
  530: "ERECALLCONFLICT",
  531: "ENOGRACE",
};

/** `errno`: an error number of either sign; 0 is `0`. */
export const errno: MakeFormat = (shape) =>
  isWhole(shape)
    ? { width: 8, align: "left", text: (value) => errnoText(numberOf(value)) }
    : "is for integers";

/** The name of an error number of either sign; `0` for 0. */
export function errnoText(value: number): string {
  if (value === 0) return "0";
  const number = Math.abs(value);
  const internal = INTERNAL[number];
  if (internal !== undefined) return internal;
  const name = errnoName(number);
  return name.startsWith("E") ? name : `unknown:${value}`;
}
