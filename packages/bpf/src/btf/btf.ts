import { NotImplementedError } from "../errors.ts";
import type { BtfKind, BtfType } from "./types.ts";

/**
 * BTF type information, decoded on demand. Ids start at 1 (0 is `void`); split BTF continues the ids and the
 * string offsets of its base.
 */
export class Btf {
  private constructor() {}

  /**
   * Indexes raw BTF bytes (a `.BTF` section or /sys/kernel/btf/*). Checks every bound up front, decodes no type.
   * Byte order is taken from the magic number.
   * @throws {MalformedError}
   */
  static parse(_bytes: Uint8Array, _options: { readonly base?: Btf } = {}): Btf {
    throw new NotImplementedError("Btf.parse");
  }
  /** The bytes this was parsed from. */
  declare readonly bytes: Uint8Array;
  declare readonly littleEndian: boolean;
  declare readonly base: Btf | undefined;
  /** First id of this BTF: 1, or one past the base's last id. */
  declare readonly startId: number;
  /** One past the last id. */
  declare readonly endId: number;

  /** Decodes (and remembers) a type. @throws {MalformedError} for an id that does not exist. */
  declare type: (id: number) => BtfType;
  /** Kind of a type without decoding the rest. */
  declare kind: (id: number) => BtfKind;
  /** Name of a type without decoding the rest. */
  declare nameOf: (id: number) => string;
  /** String at an offset of the string section (base's strings first). */
  declare string: (offset: number) => string;
  /** All ids of this name, ascending, base included. With `kinds`, only those. */
  declare idsOf: (name: string, ...kinds: BtfKind[]) => readonly number[];
  /**
   * All ids whose essential name (text before a `___flavour` suffix) is this, base included, ascending.
   */
  declare idsOfEssentialName: (name: string) => readonly number[];
  /** The id of the one type of that kind and name, or undefined. */
  declare find: (name: string, ...kinds: BtfKind[]) => number | undefined;
  /** Follows typedefs, const, volatile, restrict and type tags. @throws {MalformedError} on a cycle. */
  declare skipModifiers: (id: number) => BtfType;
  /** Size in bytes as the compiler laid it out. @throws {MalformedError} where a type has no size. */
  declare sizeOf: (id: number) => number;
  declare alignmentOf: (id: number) => number;
}
