import { MalformedError } from "../errors.ts";

/** The one way this folder refuses bad input. */
export function malformedBtf(message: string): MalformedError {
  return new MalformedError(
    `BTF: ${message}`,
    "Rebuild the object file, or fetch the BTF again: it is damaged or cut off.",
  );
}
