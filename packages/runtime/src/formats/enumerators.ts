import { type Btf, BtfKind } from "@skep/bpf";
import type { EnumeratorShape } from "../shapes/shape.ts";
import type { FormatContext } from "./format.ts";

/**
 * The enumerators of `enum name`, of the object or else of the kernel; undefined when there is no such enum. Many enums have
 * no name: they are found by the name of any of their enumerators.
 */
export function enumeratorsOf(
  name: string,
  { btf, machine }: FormatContext,
): readonly EnumeratorShape[] | undefined {
  return (
    named(btf, name) ??
    containing(btf, name) ??
    named(machine.kernelTypes(), name) ??
    containing(machine.kernelTypes(), name)
  );
}

function named(btf: Btf | undefined, name: string): readonly EnumeratorShape[] | undefined {
  const id = btf?.find(name, BtfKind.Enum) ?? btf?.find(name, BtfKind.Enum64);
  return id === undefined ? undefined : valuesOf(btf, id);
}

function containing(btf: Btf | undefined, enumerator: string): readonly EnumeratorShape[] | undefined {
  for (let id = 1; id < (btf?.endId ?? 0); id++) {
    const kind = btf?.kind(id);
    if (kind !== BtfKind.Enum && kind !== BtfKind.Enum64) continue;
    const values = valuesOf(btf, id);
    if (values?.some(({ name }) => name === enumerator)) return values;
  }
  return undefined;
}

function valuesOf(btf: Btf | undefined, id: number): readonly EnumeratorShape[] | undefined {
  const type = btf?.type(id);
  return type?.kind === BtfKind.Enum || type?.kind === BtfKind.Enum64 ? type.values : undefined;
}
