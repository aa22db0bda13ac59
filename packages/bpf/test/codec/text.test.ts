import { expect, it } from "vitest";
import { readText, textBytes } from "../../src/codec/text.ts";

const read = (bytes: Uint8Array) => readText(new DataView(bytes.buffer, bytes.byteOffset), 0, bytes.length);

it("reads ASCII and UTF-8 up to the NUL", () => {
  expect(read(Buffer.from("plain\0junk"))).toBe("plain");
  expect(read(Buffer.from("grüße 漢字 🐝"))).toBe("grüße 漢字 🐝");
  expect(read(new Uint8Array(0))).toBe("");
  expect(read(Buffer.from("x".repeat(10_000)))).toHaveLength(10_000);
});

it("keeps bytes that are not UTF-8, and gives them back", () => {
  for (const bytes of [
    [0x61, 0xff, 0x62],
    [0xc3],
    [0xe6, 0xbc],
    [0xed, 0xa0, 0x80],
    [0xc0, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
    [0xc3, 0xa4, 0x80, 0xc3],
  ]) {
    const text = read(Uint8Array.from(bytes));
    expect([...textBytes(text)]).toEqual(bytes);
  }
  expect(read(Uint8Array.of(0x61, 0xff))).toBe("a\udcff");
  expect(JSON.stringify(read(Uint8Array.of(0xff)))).toBe('"\\udcff"');
});

it("gives every text of one and two bytes back as it was", () => {
  const changed: number[][] = [];
  for (let first = 1; first < 256; first++)
    for (let second = 1; second < 256; second++) {
      const [one, two, ...rest] = textBytes(read(Uint8Array.of(first, second)));
      if (one !== first || two !== second || rest.length > 0) changed.push([first, second]);
    }
  expect(changed).toEqual([]);
});

it("keeps a replacement character that was really there", () => {
  expect(read(Buffer.from("a\ufffdb"))).toBe("a\ufffdb");
});
