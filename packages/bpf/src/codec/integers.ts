/**
 * Integers that DataView cannot read: widths other than 1, 2, 4 and 8 bytes, and runs of bits.
 */

/** An integer of any number of bytes; exact, so a bigint. */
export function readInteger(
  view: DataView,
  offset: number,
  size: number,
  signed: boolean,
  little: boolean,
): bigint {
  let value = 0n;
  for (let index = 0; index < size; index++) {
    const byte = view.getUint8(offset + (little ? size - 1 - index : index));
    value = (value << 8n) | BigInt(byte);
  }
  return signed ? BigInt.asIntN(size * 8, value) : value;
}

/** The lowest `size` bytes of the value, at `offset`. */
export function writeInteger(
  view: DataView,
  offset: number,
  size: number,
  value: bigint,
  little: boolean,
): void {
  let rest = BigInt.asUintN(size * 8, value);
  for (let index = 0; index < size; index++) {
    view.setUint8(offset + (little ? index : size - 1 - index), Number(rest & 0xffn));
    rest >>= 8n;
  }
}

/** The bytes that hold a run of bits, and how far the run lies above their least significant bit. */
export function bitSpan(
  bits: { readonly offset: number; readonly size: number },
  little: boolean,
): { readonly byte: number; readonly bytes: number; readonly shift: number } {
  const byte = Math.floor(bits.offset / 8);
  const within = bits.offset % 8;
  const bytes = Math.ceil((within + bits.size) / 8);
  return { byte, bytes, shift: little ? within : bytes * 8 - within - bits.size };
}

/** `bitSize` bits, `shift` above the least significant bit of `bytes` bytes. */
export function readBits(
  view: DataView,
  offset: number,
  bytes: number,
  shift: number,
  bitSize: number,
  signed: boolean,
  little: boolean,
): bigint {
  const value = readInteger(view, offset, bytes, false, little) >> BigInt(shift);
  return signed ? BigInt.asIntN(bitSize, value) : BigInt.asUintN(bitSize, value);
}

/** Puts a value where `readBits` finds it; the bits around it stay as they are. */
export function writeBits(
  view: DataView,
  offset: number,
  bytes: number,
  shift: number,
  bitSize: number,
  value: bigint,
  little: boolean,
): void {
  const mask = ((1n << BigInt(bitSize)) - 1n) << BigInt(shift);
  const kept = readInteger(view, offset, bytes, false, little) & ~mask;
  const placed = (BigInt.asUintN(bitSize, value) << BigInt(shift)) & mask;
  writeInteger(view, offset, bytes, kept | placed, little);
}
