import {
  BPF_F_STACK_BUILD_ID,
  type BpfObject,
  type BpfValue,
  MalformedError,
  NotImplementedError,
} from "@skep/bpf";
import type { Symbolized, Symbolizer } from "@skep/symbols";
import { integerOf } from "../formats/numbers.ts";
import type { Annotations } from "../shapes/annotations.ts";
import type { Shape } from "../shapes/shape.ts";
import { entryRecord } from "./entry-kind.ts";
import { KnownFrames, withoutTracing } from "./known-frames.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import { follow, type StackKind, type StackMember, stackMembers } from "./stack-members.ts";
import { addressesOf, type StackStore, stackStore } from "./stack-store.ts";

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

export const OWNERS: readonly string[] = ["tgid", "pid"];
export const COMMANDS: readonly string[] = ["comm", "name", "task"];

/** Finds the stacks of a map's entries, and names for them. */
export class StackReader {
  readonly members: readonly StackMember[];
  readonly #store: StackStore | undefined;
  readonly #known = new KnownFrames();
  /** Addresses as text. */
  readonly #texts = new WeakMap<readonly bigint[], string>();
  readonly #symbols: Symbolizer;
  readonly #warn: (line: string) => void;
  #warned = false;

  /** @throws {MalformedError} when entries hold no stacks, or ids without a map that holds the stacks */
  constructor(
    object: BpfObject,
    sampled: SampledMap,
    shapes: { readonly key: Shape; readonly value: Shape },
    annotations: Annotations,
    symbols: Symbolizer,
    warn: (line: string) => void,
  ) {
    this.#symbols = symbols;
    this.#warn = warn;
    this.members = stackMembers(sampled, shapes, annotations);
    const map = sampled.stackMap === undefined ? undefined : object.map(sampled.stackMap);
    this.#store = stackStore(map);
    const name = sampled.map.name;
    if (this.members.length === 0)
      throw new MalformedError(
        `map ${name} cannot be shown as stacks: no member of its key or value is one`,
        "mark members with @format stack kernel or @format stack user",
      );
    if (map !== undefined && (map.flags & BPF_F_STACK_BUILD_ID) !== 0)
      throw new NotImplementedError(
        `map ${map.name} keeps build ids in place of addresses (BPF_F_STACK_BUILD_ID)`,
        "take stacks without that flag",
      );
    if (this.#store === undefined && this.members.some(({ shape }) => shape.kind === "integer"))
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
      stacks: stacks.map((stack) => ({
        kind: stack.kind,
        frames: stack.addresses && names.get(this.#idOf({ ...stack, pid })),
      })),
    }));
  }

  #find(entry: Entry) {
    const record = entryRecord(entry);
    const pid = integerOf(memberOf(record, OWNERS) ?? "");
    const comm = memberOf(record, COMMANDS);
    const stacks = this.members.flatMap(({ kind, path }): Addresses[] => {
      const addresses = this.#addresses(follow(record, path));
      if (addresses === "lost") this.#warnOnce();
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

  #warnOnce(): void {
    if (!this.#warned)
      this.#warn(`map ${this.#store?.name} had no place for a stack, or lost it: give it more max_entries`);
    this.#warned = true;
  }

  #addresses(value: BpfValue | undefined): readonly bigint[] | "lost" {
    if (Array.isArray(value)) return addressesOf(value);
    return this.#store?.find(value ?? 0) ?? "lost";
  }

  /** Frames of all stacks, by `#idOf`. What is known of a stack need not be asked again. */
  #name(stacks: readonly Owned[]): ReadonlyMap<string, readonly Symbolized[]> {
    const names = new Map<string, readonly Symbolized[]>();
    const groups = new Map<number | undefined, Map<string, readonly bigint[]>>();
    for (const stack of stacks) {
      const { addresses } = stack;
      if (addresses === undefined) continue;
      const id = this.#idOf(stack);
      const known = this.#known.complete(id);
      if (known !== undefined) names.set(id, known);
      else {
        const group = groups.get(ownerOf(stack)) ?? new Map<string, readonly bigint[]>();
        groups.set(ownerOf(stack), group.set(id, addresses));
      }
    }
    for (const [owner, group] of groups) {
      const asked = [...group.values()];
      const found =
        owner === undefined
          ? this.#symbols.kernelStacks(asked).map(withoutTracing)
          : this.#symbols.userStacks(owner, asked);
      [...group.keys()].forEach((id, index) => {
        names.set(id, this.#known.best(id, found[index] ?? []));
      });
    }
    return names;
  }

  #idOf(stack: Owned): string {
    const { addresses = [] } = stack;
    const text = this.#texts.get(addresses) ?? addresses.join();
    this.#texts.set(addresses, text);
    return `${ownerOf(stack)}:${text}`;
  }
}

interface Addresses {
  readonly kind: StackKind;
  readonly addresses: readonly bigint[] | undefined;
}

interface Owned extends Addresses {
  readonly pid: number | undefined;
}

/** Whose addresses they are: undefined for the kernel. */
function ownerOf({ kind, pid }: Owned): number | undefined {
  return kind === "kernel" ? undefined : (pid ?? 0);
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
