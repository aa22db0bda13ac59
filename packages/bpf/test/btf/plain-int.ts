import type { NewBtfType } from "../../src/btf/encode-type.ts";
import { BtfKind } from "../../src/btf/types.ts";

/** An integer of whole bytes, without bits of its own: for tests that need some type. */
export function plainInt(name = "int", size = 4, signed = true) {
  const traits = { bits: size * 8, bitOffset: 0, signed, char: false, bool: false };
  return { kind: BtfKind.Int, name, size, ...traits } as const satisfies NewBtfType;
}
