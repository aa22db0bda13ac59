/** A field of a message of a protocol buffer: a number, or bytes. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** Reads the wire format as protobuf.dev describes it, strictly: what is cut short or of another wire type is an error. */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = next();
    const [number, wire] = [Number(tag >> 3n), tag & 7n];
    if (wire === 0n) fields.push({ number, value: next() });
    else if (wire === 2n) {
      const length = Number(next());
      if (length > bytes.length - at) throw new Error("the message is cut short");
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw new Error(`field ${number} has the wire type ${wire}`);
  }
  return fields;

  function next(): bigint {
    const { value, end } = varint(bytes, at);
    at = end;
    return value;
  }
}

/** Numbers that are packed into one field. */
export function varintsOf(bytes: Uint8Array): bigint[] {
  const numbers: bigint[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value, end } = varint(bytes, at);
    numbers.push(value);
    at = end;
  }
  return numbers;
}

/** A number of 64 bits without sign. */
function varint(bytes: Uint8Array, begin: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let index = 0; index < 10; index++) {
    const byte = bytes[begin + index];
    if (byte === undefined) throw new Error("the message is cut short");
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return { value: BigInt.asUintN(64, value), end: begin + index + 1 };
  }
  throw new Error("a number has more than ten bytes");
}
