import { readInteger } from "../codec/integers.ts";
import type { BpfMap } from "./map.ts";
import { isPerCpu } from "./per-cpu.ts";
import { TableMap } from "./table.ts";

/** Counts events that a program could not send. */
export interface LostCounter {
  read(): bigint;
}

/** A variable of the program, such as `GlobalDataMap` offers. */
interface Variables {
  readonly names: readonly string[];
  get(name: string): unknown;
}

/**
 * The kernel drops an event that finds no room in a ring buffer and tells only the program. Programs that want their losses
 * shown count them in a map or a global variable called `<ring>_lost` (for one ring) or `lost_events` (for all):
 *
 *     __u64 events_lost;   // or a BPF_MAP_TYPE_PERCPU_ARRAY of that name
 *     e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
 *     if (!e) { __sync_fetch_and_add(&events_lost, 1); return 0; }
 *
 * All numbers in the map (all entries, all CPUs, all members) are added up. undefined when there is none.
 */
export function findLostCounter(
  ring: string,
  maps: Iterable<BpfMap>,
  data: Iterable<Variables> = [],
): LostCounter | undefined {
  const [allMaps, allData] = [[...maps], [...data]];
  for (const name of [`${ring}_lost`, "lost_events"]) {
    const variables = allData.find((section) => section.names.includes(name));
    if (variables !== undefined) return { read: () => total(variables.get(name)) };
    const map = allMaps.find((candidate) => candidate.name === name);
    if (map instanceof TableMap) return { read: () => totalOf(map) };
  }
  return undefined;
}

function totalOf(map: TableMap<unknown, unknown>): bigint {
  const perCpu = isPerCpu(map);
  let sum = 0n;
  for (const value of map.values())
    for (const one of perCpu ? (value as readonly unknown[]) : [value]) sum += total(one);
  return sum;
}

function total(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return BigInt(Math.trunc(value));
  if (value instanceof Uint8Array) return littleEndian(value);
  if (Array.isArray(value)) return value.reduce((sum: bigint, item) => sum + total(item), 0n);
  if (typeof value !== "object" || value === null) return 0n;
  return Object.values(value).reduce((sum: bigint, item) => sum + total(item), 0n);
}

/** A value without a type: an integer of its size. */
function littleEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return readInteger(view, 0, bytes.length, false, true);
}
