import { type BpfMap, type BpfValue, HashMap, StackTraceMap } from "@skep/bpf";
import { integerOf } from "../formats/numbers.ts";

/** Where the ids of stacks point. */
export interface StackStore {
  readonly name: string;
  /** Addresses, the innermost first; empty for no stack; undefined when the store has none of this id. */
  find(id: BpfValue): readonly bigint[] | undefined;
}

/** What bpf_get_stackid() gives where there is nothing to keep: a thread of the kernel has no user stack. */
const EFAULT = -14;
/** Stacks that are remembered after the kernel has thrown them away. */
const MOST = 65_536;

/** @returns undefined for a map that keeps no stacks */
export function stackStore(map: BpfMap | undefined): StackStore | undefined {
  if (map instanceof StackTraceMap)
    return {
      name: map.name,
      find(value) {
        const id = Number(BigInt.asIntN(32, BigInt(integerOf(value) ?? 0)));
        return id === EFAULT ? [] : map.lookup(id);
      },
    };
  return map instanceof HashMap ? hashStore(map) : undefined;
}

/**
 * A program that keeps its stacks in a hash, by an id that it computed from them: no two stacks claim one place, and a LRU hash
 * never fills up. An id means one stack for ever, so that what was read once need not be there any more. 0 is no stack.
 */
function hashStore(map: HashMap): StackStore {
  const known = new Map<bigint, readonly bigint[]>();
  return {
    name: map.name,
    find(value) {
      const id = BigInt(integerOf(value) ?? 0);
      if (id === 0n) return [];
      const addresses = known.get(id) ?? read(map, id);
      if (addresses === undefined) return undefined;
      known.delete(id);
      known.set(id, addresses);
      for (const oldest of known.keys()) {
        if (known.size <= MOST) break;
        known.delete(oldest);
      }
      return addresses;
    },
  };
}

function read(map: HashMap, id: bigint): readonly bigint[] | undefined {
  const value = map.lookup(id);
  const addresses = Array.isArray(value) ? value : Object.values((value as object | undefined) ?? {})[0];
  return Array.isArray(addresses) ? addressesOf(addresses as BpfValue[]) : undefined;
}

/** Up to the first zero: arrays are filled up with them. */
export function addressesOf(value: readonly BpfValue[]): readonly bigint[] {
  const end = value.findIndex((item) => Number(integerOf(item) ?? 0) === 0);
  const used = end < 0 ? value : value.slice(0, end);
  return used.map((item) => BigInt.asUintN(64, BigInt(integerOf(item) ?? 0)));
}
