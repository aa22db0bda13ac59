import { lastNotAfter, Ranges } from "./ranges.ts";

/** Functions by address. Addresses are exact to 2^53. */
export interface SymbolTable {
  /** Entries. */
  readonly length: number;
  /** Bytes of memory that the table keeps. */
  readonly bytes: number;
  find(address: number): { readonly name: string; readonly offset: number } | undefined;
}

/** One function to be in a table. */
export interface SymbolRange {
  readonly start: number;
  /** The first address after it. */
  readonly end: number;
  readonly name: string;
}

/**
 * A table over arrays in order of `starts`. Ranges may overlap and lie in one another; the one that begins last before the
 * address and holds it is the answer.
 * @param nameAt the name of an entry, asked for only when it is found
 */
export function symbolTable(
  starts: Float64Array,
  ends: Float64Array,
  nameAt: (index: number) => string,
  bytesOfNames: number,
): SymbolTable {
  const ranges = new Ranges(starts, ends);
  return {
    length: starts.length,
    bytes: ranges.bytes + bytesOfNames,
    find(address) {
      const index = ranges.find(address);
      return index < 0 ? undefined : { name: nameAt(index), offset: address - (starts[index] ?? 0) };
    },
  };
}

/** A table of ranges in any order, which may overlap: each address belongs to the last one that claims it. */
export function tableOfClaims(claims: readonly SymbolRange[]): SymbolTable {
  const edges = Float64Array.from(new Set(claims.flatMap(({ start, end }) => [start, end]))).sort();
  const owners = new Int32Array(edges.length).fill(-1);
  // From each part the next one that nobody owns yet: no part is looked at twice.
  const next = Uint32Array.from({ length: edges.length + 1 }, (_, index) => index);
  const free = (part: number): number => {
    let root = part;
    while (next[root] !== root) root = next[root] ?? 0;
    for (let at = part; at !== root; ) [at, next[at]] = [next[at] ?? 0, root];
    return root;
  };
  for (let claim = claims.length - 1; claim >= 0; claim--) {
    const { start, end } = claims[claim]!;
    for (let part = free(lastNotAfter(edges, start)); (edges[part] ?? end) < end; part = free(part)) {
      owners[part] = claim;
      next[part] = part + 1;
    }
  }
  return {
    length: claims.length,
    bytes: edges.byteLength * 2 + claims.reduce((bytes, { name }) => bytes + name.length + 64, 0),
    find(address) {
      const owner = claims[owners[lastNotAfter(edges, address)] ?? -1];
      return owner && { name: owner.name, offset: address - owner.start };
    },
  };
}
