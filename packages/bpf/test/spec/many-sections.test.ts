import { describe, expect, it } from "vitest";
import { readSpec } from "../../src/spec/read-spec.ts";

const [HEADER, SECTION, SYMBOL, CODE] = [64, 64, 24, 8];
const SECTIONS = 60_000;

/**
 * An object of many sections: `code` with one `exit` and one global function each, all called f, or `data` of 8 bytes with one
 * variable each. The names are those of the sections, so that both tables stay small.
 */
function objectOf(kind: "code" | "data"): Uint8Array {
  const names = Array.from({ length: SECTIONS }, (_, index) => `${kind === "code" ? "s" : ".data."}${index}`);
  const strings = Buffer.from(`\0${names.join("\0")}\0`);
  const symbolsAt = HEADER + SECTIONS * CODE;
  const stringsAt = symbolsAt + (SECTIONS + 1) * SYMBOL;
  const headersAt = Math.ceil((stringsAt + strings.length) / 8) * 8;
  const bytes = Buffer.alloc(headersAt + (SECTIONS + 3) * SECTION);
  bytes.writeUInt32BE(0x7f454c46, 0);
  bytes.set([2, 1, 1], 4); // 64 bits, little-endian, version 1
  bytes.writeUInt16LE(1, 16); // ET_REL
  bytes.writeUInt16LE(247, 18); // EM_BPF
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(headersAt), 40);
  bytes.writeUInt16LE(SECTION, 58);
  bytes.writeUInt16LE(SECTIONS + 3, 60);
  bytes.writeUInt16LE(SECTIONS + 2, 62);
  bytes.set(strings, stringsAt);
  const header = (index: number, name: number, type: number, flags: number, at: number, size: number) => {
    const to = headersAt + index * SECTION;
    bytes.writeUInt32LE(name, to);
    bytes.writeUInt32LE(type, to + 4);
    bytes.writeBigUInt64LE(BigInt(flags), to + 8);
    bytes.writeBigUInt64LE(BigInt(at), to + 24);
    bytes.writeBigUInt64LE(BigInt(size), to + 32);
    bytes.writeUInt32LE(SECTIONS + 2, to + 40); // sh_link: the string table
  };
  let name = 1;
  for (let index = 0; index < SECTIONS; index++) {
    const at = HEADER + index * CODE;
    bytes[at] = 0x95; // exit
    header(index + 1, name, 1, kind === "code" ? 6 : 3, at, CODE);
    const symbol = symbolsAt + (index + 1) * SYMBOL;
    bytes.writeUInt32LE(name, symbol);
    bytes[symbol + 4] = kind === "code" ? 0x12 : 0x11; // global function, global object
    bytes.writeUInt16LE(index + 1, symbol + 6);
    bytes.writeBigUInt64LE(BigInt(CODE), symbol + 16);
    name += names[index]!.length + 1;
  }
  header(SECTIONS + 1, 0, 2, 0, symbolsAt, (SECTIONS + 1) * SYMBOL);
  header(SECTIONS + 2, 0, 3, 0, stringsAt, strings.length);
  return bytes;
}

describe("an object of 60,000 sections", () => {
  // Half a second each. What looks at all sections or symbols for each section takes half a minute and runs into the time limit.
  it("is read in time: code", () => {
    expect(readSpec(objectOf("code")).programs).toHaveLength(SECTIONS);
  });

  it("is read in time: data", () => {
    const { maps } = readSpec(objectOf("data"));
    expect(maps).toHaveLength(SECTIONS);
    expect(maps.every(({ data }) => data?.variables.length === 1)).toBe(true);
  });
});
