import { BPF_MAP_TYPE_LPM_TRIE, InvalidArgumentError, type MapSpec, prefixKey } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";
import { UsageError } from "../usage-error.ts";

/** Bytes of the prefix length before the address in the key of a trie (struct bpf_lpm_trie_key). */
const LENGTH_BYTES = 4;
/** ::ffff:0:0/96, where IPv4 lies in IPv6 (RFC 4291, 2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** How addresses on the command line become keys of a map. */
export interface AddressKeys {
  /** What `--help` calls one. */
  readonly word: string;
  /** @throws {UsageError} */
  parse(text: string): Uint8Array;
}

/**
 * Keys of a map with `@format key ip`: the keys of a trie are networks (`10.0.0.0/8`), 4 or 16 bytes behind their length; those
 * of other maps single addresses of 16 bytes. Where there is room for IPv6, IPv4 is in it as `::ffff:10.0.0.1`. Undefined when
 * keys hold no address of such a form; those of 4 bytes are integers, which need nothing special.
 */
export function addressKeys(flag: string, map: MapSpec, key: Shape): AddressKeys | undefined {
  const trie = map.type === BPF_MAP_TYPE_LPM_TRIE;
  const size = map.keySize - (trie ? LENGTH_BYTES : 0);
  if (size !== 16 && !(trie && size === 4)) return undefined;
  if (!trie && key.kind !== "array" && key.kind !== "struct") return undefined;
  return { word: trie ? "ADDRESS[/BITS]" : "ADDRESS", parse };

  function parse(text: string): Uint8Array {
    if (!trie && text.includes("/"))
      throw new UsageError(`--${flag}: ${JSON.stringify(text)} is a network`, "give single addresses");
    const { length, bytes } = parsePrefix(flag, text);
    if (bytes.length > size)
      throw new UsageError(`--${flag}: ${text} is an IPv6 address`, "the program takes IPv4 addresses only");
    const mapped = bytes.length < size;
    const address = mapped ? [...MAPPED, ...bytes] : [...bytes];
    if (!trie) return Uint8Array.from(address);
    const result = new Uint8Array(LENGTH_BYTES + size);
    new Uint32Array(result.buffer, 0, 1)[0] = mapped ? length + MAPPED.length * 8 : length;
    result.set(address, LENGTH_BYTES);
    return result;
  }
}

function parsePrefix(flag: string, text: string): { readonly length: number; readonly bytes: Uint8Array } {
  try {
    const key = prefixKey(text);
    return { length: new Uint32Array(key.buffer, 0, 1)[0] ?? 0, bytes: key.subarray(LENGTH_BYTES) };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(
      `--${flag}: ${JSON.stringify(text)} is no address`,
      "write 10.0.0.1, 10.0.0.0/8 or 2001:db8::/32",
    );
  }
}
