import { createRequire } from "node:module";
import type { BpfValue } from "../codec/decoder.ts";
import { InvalidArgumentError } from "../errors.ts";
import { HashMap } from "./hash.ts";
import { distinctEntries, type EntryBatch } from "./iterate.ts";

/**
 * Longest-prefix match. A key is a `u32` prefix length in bits followed by the data, most significant byte first
 * (struct bpf_lpm_trie_key). `lookup` finds the longest prefix that covers the key; update and delete mean exactly theirs.
 * @kernel 4.11, BPF_MAP_TYPE_LPM_TRIE (kernel/bpf/lpm_trie.c); needs BPF_F_NO_PREALLOC
 */
export class LpmTrieMap<K = BpfValue, V = BpfValue> extends HashMap<K, V> {
  /**
   * All are read before the first is handed out. Between two batches the key at which the first ended may be deleted, and then
   * the second begins at the start of the trie (trie_get_next_key); and the value of a deleted key cannot be looked up later, as a
   * shorter prefix would be found.
   */
  override *batches(): Generator<EntryBatch, void, undefined> {
    yield* this.attempt("reading", () => distinctEntries(this.kernel, this.fd, this.shape()));
  }

  /**
   * The key of `10.1.0.0/16`, `2001:db8::/32` or a single address, as bytes.
   * @throws {InvalidArgumentError} also when the map's keys are shorter than the address
   */
  prefix(text: string): Uint8Array {
    const key = prefixKey(text);
    if (key.length !== this.keySize)
      throw new InvalidArgumentError(
        `${text} makes a key of ${key.length} bytes, those of map ${this.name} have ${this.keySize}`,
        "use IPv4 with 8-byte keys, IPv6 with 20-byte keys",
      );
    return key;
  }
}

/** `u32` prefix length in this machine's byte order, then the address in network order. @throws {InvalidArgumentError} */
export function prefixKey(text: string): Uint8Array {
  // Not at every start of a program that has no such map: it takes two milliseconds to load.
  const { isIPv4, isIPv6 }: typeof import("node:net") = createRequire(import.meta.url)("node:net");
  const [address = "", length, ...rest] = text.split("/");
  const bytes = isIPv4(address) ? ipv4Bytes(address) : isIPv6(address) ? ipv6Bytes(address) : undefined;
  const bits =
    length === undefined ? (bytes?.length ?? 0) * 8 : Number(/^\d{1,3}$/.test(length) ? length : Number.NaN);
  if (bytes === undefined || rest.length > 0 || !(bits <= bytes.length * 8))
    throw new InvalidArgumentError(
      `${JSON.stringify(text)} is no prefix`,
      "write it like 10.0.0.0/8 or 2001:db8::/32",
    );
  const key = new Uint8Array(4 + bytes.length);
  new Uint32Array(key.buffer, 0, 1)[0] = bits;
  key.set(bytes, 4);
  return key;
}

function ipv4Bytes(address: string): number[] {
  return address.split(".").map(Number);
}

function ipv6Bytes(address: string): number[] {
  const [head = "", tail] = (address.split("%")[0] ?? "").split("::");
  const groups = (part: string): number[] =>
    part === ""
      ? []
      : part.split(":").flatMap((group) => (group.includes(".") ? ipv4Bytes(group) : hex(group)));
  const hex = (group: string): number[] => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  };
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  return [...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right];
}
