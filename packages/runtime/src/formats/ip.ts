import { addressBytes } from "./address-bytes.ts";
import { type Format, type MakeFormat, writtenText } from "./format.ts";
import { numberOf } from "./numbers.ts";

/** AF_INET and AF_INET6 (include/linux/socket.h), and the version numbers that stand in packets. */
const FAMILIES: Readonly<Record<number, 4 | 6>> = { 2: 4, 10: 6, 4: 4, 6: 6 };

/** `ip`: an address in network order, 4 or 16 bytes; `ip MEMBER`: MEMBER tells which, by AF_* or version. */
export const ip: MakeFormat = (shape, [member], { machine, siblings }) => {
  const { four, sixteen } = addressBytes(shape, machine.littleEndian);
  if (four === undefined && sixteen === undefined) return "is for values of 4 or 16 bytes";
  const width = sixteen === undefined ? 15 : 25;
  if (member === undefined) {
    if (four !== undefined && sixteen !== undefined)
      return "needs the member that tells the family of this union: ip MEMBER";
    return address((value) => addressText((sixteen ?? four)?.(value) ?? []));
  }
  if (!siblings.some(({ name }) => name === member)) return `names no member of the struct: ${member}`;
  // In a union both lengths begin at the same byte.
  const firstFour = four ?? ((value) => sixteen?.(value).slice(0, 4) ?? []);
  return address((value, record) => {
    const family = numberOf(record[member] ?? 0);
    const version = FAMILIES[family];
    if (version === 4) return addressText(firstFour(value));
    if (version === 6 && sixteen !== undefined) return addressText(sixteen(value));
    return `unknown:${family}`;
  });

  function address(text: Format["text"]): Format {
    return { width, align: "left", text, written: writtenText(text) };
  }
};

function addressText(bytes: readonly number[]): string {
  return bytes.length === 16 ? ipv6Text(bytes) : bytes.join(".");
}

/** RFC 5952: lower case, the longest run of zero groups as `::`, IPv4-mapped addresses with dots. */
function ipv6Text(bytes: readonly number[]): string {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0),
  );
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff)
    return `::ffff:${bytes.slice(12).join(".")}`;
  const { start, length } = longestZeros(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(":");
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let longest = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let end = start;
    while (groups[end] === 0) end++;
    if (end - start > longest.length) longest = { start, length: end - start };
    start = end;
  }
  return longest;
}
