import { MalformedError } from "../errors.ts";

const DAMAGED = "Rebuild the object file, or fetch the BTF again: it is damaged or cut off.";

/** The one way this folder refuses bad input; `next` where it may be newer than this library. */
export function malformedBtf(message: string, next = DAMAGED): MalformedError {
  return new MalformedError(`BTF: ${message}`, next);
}
