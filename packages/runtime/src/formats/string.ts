import { textOfBytes } from "@skep/bpf";
import type { MakeFormat } from "./format.ts";
import { byteArrayLength } from "./numbers.ts";

/** `string` and `comm`: text up to its NUL, also of arrays of bytes that are not declared as `char`. */
export const string: MakeFormat = (shape) => {
  const length = shape.kind === "string" ? shape.size : byteArrayLength(shape);
  if (length === undefined) return "is for arrays of characters";
  return {
    width: Math.min(Math.max(length - 1, 6), 32),
    align: "left",
    text: (value) =>
      Array.isArray(value) ? textOfBytes(Uint8Array.from(value as readonly number[])) : String(value),
  };
};
