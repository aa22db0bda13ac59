/** A field of a message of a protocol buffer: a number, or bytes. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** Reads the wire format as protobuf.dev describes it, strictly: what is cut short or of another wire type is an error. */
export function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error("the message is cut short");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error("a number has more than ten bytes");
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    if (wire === 0) fields.push({ number, value: varint() });
    else if (wire === 2) {
      const length = Number(varint());
      if (length > bytes.length - at) throw new Error("the message is cut short");
      fields.push({ number, value: bytes.subarray(at, at + length) });
      at += length;
    } else throw new Error(`field ${number} has the wire type ${wire}`);
  }
  return fields;
}

/** Messages, texts or numbers of one field. */
export function bytesOf(fields: readonly Field[], number: number): Uint8Array[] {
  return fields.flatMap((field) =>
    field.number === number && field.value instanceof Uint8Array ? [field.value] : [],
  );
}

/** Numbers of a field, packed or not; none stands for 0. */
export function numbersOf(fields: readonly Field[], number: number): number[] {
  return fields.flatMap((field) => {
    if (field.number !== number) return [];
    if (!(field.value instanceof Uint8Array)) return [Number(field.value)];
    const packed = field.value;
    const numbers: number[] = [];
    let value = 0;
    let scale = 1;
    for (const byte of packed) {
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        numbers.push(value);
        [value, scale] = [0, 1];
      }
    }
    return numbers;
  });
}
