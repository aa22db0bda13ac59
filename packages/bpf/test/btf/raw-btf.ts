/** Hand-made BTF, built from words so that tests do not lean on the code they test. */
export function rawBtf(
  records: readonly (readonly number[])[],
  strings: string,
  options: { readonly littleEndian?: boolean; readonly header?: Partial<RawHeader> } = {},
): Uint8Array {
  const littleEndian = options.littleEndian ?? true;
  const words = records.flat();
  const text = Buffer.from(strings, "latin1");
  const bytes = new Uint8Array(24 + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  const header: RawHeader = {
    magic: 0xeb9f,
    version: 1,
    length: 24,
    typesAt: 0,
    typesLength: words.length * 4,
    stringsAt: words.length * 4,
    stringsLength: text.length,
    ...options.header,
  };
  view.setUint16(0, header.magic, littleEndian);
  view.setUint8(2, header.version);
  view.setUint32(4, header.length, littleEndian);
  view.setUint32(8, header.typesAt, littleEndian);
  view.setUint32(12, header.typesLength, littleEndian);
  view.setUint32(16, header.stringsAt, littleEndian);
  view.setUint32(20, header.stringsLength, littleEndian);
  words.forEach((word, index) => {
    view.setUint32(24 + index * 4, word >>> 0, littleEndian);
  });
  bytes.set(text, 24 + words.length * 4);
  return bytes;
}

export interface RawHeader {
  magic: number;
  version: number;
  length: number;
  typesAt: number;
  typesLength: number;
  stringsAt: number;
  stringsLength: number;
}

/** The `info` word. */
export const info = (kind: number, count = 0, flag = false): number =>
  ((flag ? 0x80000000 : 0) | (kind << 24) | count) >>> 0;

/** `\0name\0…` and the offset of each name. */
export function stringTable(...names: string[]): {
  readonly text: string;
  readonly at: (name: string) => number;
} {
  const text = `\0${names.map((name) => `${name}\0`).join("")}`;
  return { text, at: (name) => (name === "" ? 0 : text.indexOf(`\0${name}\0`) + 1) };
}
