import { type BpfSpec, writeInteger } from "@skep/bpf";
import type { FlagValue } from "./flag-value.ts";
import type { Flag, FlagShape } from "./flags.ts";

/**
 * Sets variables before the object is loaded. Objects without BTF take bytes, made by what the package says of the types.
 * @throws {NotFoundError} {InvalidArgumentError}
 */
export function setVariables(
  spec: BpfSpec,
  globals: readonly Flag[],
  values: Iterable<readonly [variable: string, value: FlagValue]>,
): void {
  for (const [variable, value] of values) {
    const shape = globals.find((global) => global.variable === variable)?.shape;
    const untyped = spec.btf === undefined && shape !== undefined;
    spec.variables.set(variable, untyped ? bytesOf(spec, shape, value) : value);
  }
}

/** The value was checked against the shape when it was read. */
function bytesOf({ spec }: BpfSpec, shape: FlagShape, value: FlagValue): Uint8Array {
  const { littleEndian } = spec;
  if (shape.kind === "string") {
    const text = new Uint8Array(shape.size);
    text.set(new TextEncoder().encode(String(value)));
    return text;
  }
  if (shape.kind === "float") {
    const view = new DataView(new ArrayBuffer(shape.size));
    if (shape.size === 4) view.setFloat32(0, Number(value), littleEndian);
    else view.setFloat64(0, Number(value), littleEndian);
    return new Uint8Array(view.buffer);
  }
  const size = shape.kind === "bool" ? 1 : shape.kind === "enum" ? shape.size : shape.bits / 8;
  const bytes = new Uint8Array(size);
  writeInteger(new DataView(bytes.buffer), 0, size, BigInt(value), littleEndian);
  return bytes;
}
