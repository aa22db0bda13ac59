import type { Btf } from "../../btf/btf.ts";
import { type PrunedBtf, pruneBtf } from "../../btf/prune.ts";
import { BtfKind } from "../../btf/types.ts";
import type { CoreRelocation, ObjectSpec } from "../../spec/object-spec.ts";
import { parseAccessPath } from "./access-path.ts";
import { CandidateCache } from "./candidates.ts";
import { isCompositeKind } from "./field-compatibility.ts";
import { type CoreFamily, CoreKind, coreFamily } from "./kinds.ts";
import { matchPath } from "./match-path.ts";

/**
 * Cuts a kernel's BTF down to what the CO-RE relocations of an object touch, for kernels that have none of their own: a few
 * kilobytes of several megabytes. Relocating against either gives the same instructions, but for those that ask for the id of
 * a kernel's type: such ids mean nothing outside of the running kernel's own BTF.
 * @throws {MalformedError} when the BTF breaks its rules; {RelocationError} when the object does
 */
export function pruneKernelBtf(spec: ObjectSpec, kernel: Btf): PrunedBtf {
  const needs = new Needs(kernel);
  if (spec.btf !== undefined) {
    const candidates = new CandidateCache(spec.btf, { kernel, modules: () => [] });
    for (const { coreRelocations } of [...spec.programs, ...spec.subprograms])
      for (const relocation of coreRelocations) markRelocation(needs, spec.btf, candidates, relocation);
  }
  return pruneBtf(kernel, needs);
}

/** Every candidate that matches is kept: which of them count depends on what is relocated before. */
function markRelocation(
  needs: Needs,
  local: Btf,
  candidates: CandidateCache,
  relocation: CoreRelocation,
): void {
  const { kind, typeId } = relocation;
  const family = coreFamily(kind);
  if (family === undefined || kind === CoreKind.TypeIdLocal) return;
  const access = parseAccessPath(local, relocation);
  for (const { btf, id } of candidates.of(typeId)) {
    const path = matchPath(family, kind, access, btf, id);
    if (path !== undefined) needs.mark(id, path.raw, depthOf(family, kind));
  }
}

/**
 * How far a type is looked into. `shape`: what it is, and nothing behind a pointer. `compatible`: what pointers and prototypes
 * lead to as well, but not the members of structs. `whole`: those too.
 */
type Depth = "shape" | "compatible" | "whole";

function depthOf(family: CoreFamily, kind: number): Depth {
  if (family !== "type") return "shape";
  return kind === CoreKind.TypeMatches ? "whole" : "compatible";
}

/** Types, members and pointers of a BTF that are needed, as `pruneBtf` wants to have it told. */
class Needs {
  readonly roots = new Set<number>();
  /** Of every struct and union that is needed, the members that are. */
  readonly members = new Map<number, Set<number>>();
  /** Pointers of which only that they are pointers is needed. */
  readonly opaque = new Set<number>();
  readonly #btf: Btf;
  readonly #done = new Set<string>();

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  /** Marks a type and the access through it: the first step is an index of the root, further ones are members and elements. */
  mark(rootId: number, steps: readonly number[], depth: Depth): void {
    let id = rootId;
    this.#markType(id, steps.length > 1 ? "shape" : depth);
    for (const step of steps.slice(1)) {
      const type = this.#btf.skipModifiers(id);
      if (type.kind === BtfKind.Struct || type.kind === BtfKind.Union) {
        this.#keepMember(type.id, step);
        id = type.members[step]?.typeId ?? 0;
      } else if (type.kind === BtfKind.Array) id = type.elementId;
      else return;
      this.#markType(id, depth);
    }
  }

  /** An array without length counts as open-ended only at the end of its struct: what makes it not the last stays too. */
  #keepMember(id: number, index: number): void {
    const type = this.#btf.type(id);
    if (type.kind !== BtfKind.Struct && type.kind !== BtfKind.Union) return;
    const kept = this.#membersOf(id);
    kept.add(index);
    const member = this.#btf.skipModifiers(type.members[index]?.typeId ?? 0);
    const last = type.members.length - 1;
    if (member.kind !== BtfKind.Array || member.length > 0 || kept.has(last)) return;
    kept.add(last);
    this.#markType(type.members[last]?.typeId ?? 0, "shape");
  }

  #membersOf(id: number): Set<number> {
    const known = this.members.get(id) ?? new Set();
    this.members.set(id, known);
    return known;
  }

  /** Without recursion: types refer to each other at any length, and in circles. */
  #markType(rootId: number, rootDepth: Depth): void {
    const pending: [id: number, depth: Depth][] = [[rootId, rootDepth]];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const [id, depth] = next;
      if (id === 0 || this.#done.has(`${id} ${depth}`)) continue;
      this.#done.add(`${id} ${depth}`);
      this.roots.add(id);
      const type = this.#btf.type(id);
      if (isCompositeKind(type.kind)) this.#membersOf(id);
      if (type.kind === BtfKind.Ptr) {
        // A pointer that is followed anywhere is followed everywhere.
        if (depth !== "shape") pending.push([type.typeId, "compatible"]);
      } else if (type.kind === BtfKind.Array) {
        pending.push([type.elementId, depth], [type.indexId, "shape"]);
      } else if (type.kind === BtfKind.FuncProto) {
        pending.push(
          [type.returnId, depth],
          ...type.params.map((param) => [param.typeId, depth] as [number, Depth]),
        );
      } else if (type.kind === BtfKind.Struct || type.kind === BtfKind.Union) {
        if (depth === "whole")
          for (const [index, member] of type.members.entries()) {
            this.#membersOf(id).add(index);
            pending.push([member.typeId, "whole"]);
          }
      } else if ("typeId" in type) pending.push([type.typeId, depth]);
      if (type.kind === BtfKind.Ptr) this.#notePointer(id);
    }
  }

  #notePointer(id: number): void {
    const followed = this.#done.has(`${id} compatible`) || this.#done.has(`${id} whole`);
    if (followed) this.opaque.delete(id);
    else this.opaque.add(id);
  }
}
