import { type BpfObject, type BpfValue, MalformedError, NotImplementedError, StackTraceMap } from "@skep/bpf";
import type { Symbolized, Symbolizer } from "@skep/symbols";
import type { Annotations } from "../annotations.ts";
import { integerOf } from "../formats/numbers.ts";
import type { Shape } from "../shape.ts";
import { entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import { follow, type StackKind, type StackMember, stackMembers } from "./stack-members.ts";

/** A stack of an entry, as far as it could be had. */
export interface Stack {
  readonly kind: StackKind;
  /** The innermost first; undefined when the kernel had no place to keep it, or kept another one there. */
  readonly frames: readonly Symbolized[] | undefined;
}

/** An entry with its stacks. */
export interface StackEntry {
  readonly entry: Entry;
  /** Those that it has, kernel stacks first. */
  readonly stacks: readonly Stack[];
  readonly pid: number | undefined;
  readonly comm: string | undefined;
}

/** What bpf_get_stackid() gives where there is nothing to keep: a thread of the kernel has no user stack. */
const EFAULT = -14;
const BPF_F_STACK_BUILD_ID = 32;
const OWNERS = ["tgid", "pid"];
const COMMANDS = ["comm", "name", "task"];

/** Finds the stacks of a map's entries, and names for them. */
export class StackReader {
  readonly members: readonly StackMember[];
  readonly #map: StackTraceMap | undefined;
  readonly #symbols: Symbolizer;
  /** Stacks that had no place in the stack map, so far. */
  lost = 0;

  /** @throws {MalformedError} when entries hold no stacks, or ids without a map that holds the stacks */
  constructor(
    object: BpfObject,
    sampled: SampledMap,
    shapes: { readonly key: Shape; readonly value: Shape },
    annotations: Annotations,
    symbols: Symbolizer,
  ) {
    this.#symbols = symbols;
    this.members = stackMembers(sampled, shapes, annotations);
    const map = sampled.stackMap === undefined ? undefined : object.map(sampled.stackMap);
    this.#map = map instanceof StackTraceMap ? map : undefined;
    const name = sampled.map.name;
    if (this.members.length === 0)
      throw new MalformedError(
        `map ${name} cannot be shown as stacks: no member of its key or value is one`,
        "mark members with @format stack kernel or @format stack user",
      );
    if (this.#map !== undefined && (this.#map.flags & BPF_F_STACK_BUILD_ID) !== 0)
      throw new NotImplementedError(
        `map ${this.#map.name} keeps build ids in place of addresses (BPF_F_STACK_BUILD_ID)`,
        "take stacks without that flag",
      );
    if (this.#map === undefined && this.members.some(({ shape }) => shape.kind === "integer"))
      throw new MalformedError(
        `map ${name} holds ids of stacks, and the object has no map of type BPF_MAP_TYPE_STACK_TRACE`,
        "add one, or keep the addresses in the map itself",
      );
  }

  /** All entries in few questions: what a process has mapped is read once. */
  read(entries: readonly Entry[]): StackEntry[] {
    const found = entries.map((entry) => this.#find(entry));
    const names = this.#name(found.flatMap(({ stacks, pid }) => stacks.map((stack) => ({ ...stack, pid }))));
    return found.map(({ entry, stacks, pid, comm }) => ({
      entry,
      pid,
      comm,
      stacks: stacks.map(({ kind, addresses }) => ({ kind, frames: addresses && names.get(addresses) })),
    }));
  }

  #find(entry: Entry) {
    const record = entryRecord(entry);
    const pid = integerOf(memberOf(record, OWNERS) ?? "");
    const comm = memberOf(record, COMMANDS);
    const stacks = this.members.flatMap(({ kind, path }): Addresses[] => {
      const addresses = this.#addresses(follow(record, path));
      if (addresses === "lost") this.lost++;
      if (addresses === "lost") return [{ kind, addresses: undefined }];
      return addresses.length === 0 ? [] : [{ kind, addresses }];
    });
    return {
      entry,
      stacks,
      pid: pid === undefined ? undefined : Number(pid),
      comm: typeof comm === "string" ? comm : undefined,
    };
  }

  #addresses(value: BpfValue | undefined): readonly bigint[] | "lost" {
    if (Array.isArray(value)) return addressesOf(value);
    const id = Number(BigInt.asIntN(32, BigInt(integerOf(value ?? 0) ?? 0)));
    if (id === EFAULT) return [];
    return this.#map?.lookup(id) ?? "lost";
  }

  #name(stacks: readonly (Addresses & { readonly pid: number | undefined })[]) {
    const names = new Map<readonly bigint[], readonly Symbolized[]>();
    const groups = new Map<number | undefined, (readonly bigint[])[]>();
    for (const { kind, addresses, pid } of stacks) {
      if (addresses === undefined) continue;
      const owner = kind === "kernel" ? undefined : (pid ?? 0);
      const group = groups.get(owner) ?? [];
      group.push(addresses);
      groups.set(owner, group);
    }
    for (const [pid, group] of groups) {
      const named =
        pid === undefined ? this.#symbols.kernelStacks(group) : this.#symbols.userStacks(pid, group);
      group.forEach((addresses, index) => {
        names.set(addresses, named[index] ?? []);
      });
    }
    return names;
  }
}

interface Addresses {
  readonly kind: StackKind;
  readonly addresses: readonly bigint[] | undefined;
}

/** A member of the key, or else of the value, the first that there is. */
function memberOf(
  record: Readonly<Record<string, BpfValue>>,
  names: readonly string[],
): BpfValue | undefined {
  for (const outer of ["key", "value"])
    for (const name of names) {
      const value = follow(record, [outer, name]);
      if (value !== undefined) return value;
    }
  return undefined;
}

/** Up to the first zero: arrays are filled up with them. */
export function addressesOf(value: readonly BpfValue[]): readonly bigint[] {
  const addresses = value.map((item) => BigInt.asUintN(64, BigInt(integerOf(item) ?? 0)));
  const end = addresses.indexOf(0n);
  return end < 0 ? addresses : addresses.slice(0, end);
}
