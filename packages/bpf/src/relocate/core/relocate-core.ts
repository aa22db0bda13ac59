import type { Instruction } from "../../asm/instruction.ts";
import type { Btf } from "../../btf/btf.ts";
import { BpfError, RelocationError } from "../../errors.ts";
import type { CoreRelocation, FunctionSpec } from "../../spec/object-spec.ts";
import { sourceLine } from "../../spec/source-line.ts";
import { type AccessPath, parseAccessPath } from "./access-path.ts";
import { type CoreResult, calculate } from "./calculate.ts";
import { type Candidate, CandidateCache, type CoreTarget } from "./candidates.ts";
import { describeRelocation } from "./describe.ts";
import { type CoreFamily, CoreKind, coreFamily } from "./kinds.ts";
import { matchPath } from "./match-path.ts";
import { patchInstruction } from "./patch.ts";

/** An instruction that has no meaning on this kernel. Harmless unless the verifier can reach it. */
export interface Poisoned {
  readonly insn: number;
  /** C text of what the kernel lacks: `struct task_struct.state (0:23)`. */
  readonly what: string;
  readonly kind: number;
  /** The kernel has the field, in a size that this instruction cannot load. Undefined when it has none. */
  readonly resized: { readonly program: FieldSize; readonly kernel: FieldSize } | undefined;
}

/** Bytes, or that it is a bitfield. */
export type FieldSize = number | "bitfield";

/**
 * Compile once, run everywhere: adjusts instructions to the types of the kernel they will run on. One instance per load,
 * shared by all functions of an object. The results are libbpf's, bit for bit (src/relo_core.c).
 */
export class CoreRelocator {
  readonly #local: Btf;
  readonly #candidates: CandidateCache;
  /** By what is asked: the same access is inlined in many places. */
  readonly #results = new Map<string, CoreResult>();

  constructor(local: Btf, target: CoreTarget) {
    this.#local = local;
    this.#candidates = new CandidateCache(local, target);
  }

  /**
   * Relocates a function's instructions in place and returns those that it had to poison.
   * @throws {RelocationError} when a relocation is ambiguous or does not fit its instruction
   */
  relocate(
    where: Pick<FunctionSpec, "name" | "lineInfo">,
    instructions: Instruction[],
    relocations: readonly CoreRelocation[],
  ): Poisoned[] {
    const poisoned: Poisoned[] = [];
    for (const relocation of relocations) {
      try {
        const result = this.resolve(relocation);
        if (patchInstruction(instructions, relocation.insn, result)) continue;
        const { insn, kind } = relocation;
        const what = describeRelocation(this.#local, relocation);
        poisoned.push({ insn, kind, what, resized: result.poison ? undefined : resized(result) });
      } catch (error) {
        throw this.#inContext(where, relocation.insn, error);
      }
    }
    return poisoned;
  }

  /** Calculates one relocation without touching an instruction. */
  resolve(relocation: CoreRelocation): CoreResult {
    const family = coreFamily(relocation.kind);
    if (family === undefined) {
      throw new RelocationError(
        `CO-RE relocation kind ${relocation.kind} is unknown`,
        "update @skep/bpf, or build with an older compiler",
      );
    }
    const { kind, typeId, access } = relocation;
    const question = `${kind} ${typeId} ${access}`;
    const known = this.#results.get(question);
    if (known !== undefined) return known;
    const local = parseAccessPath(this.#local, relocation);
    const result =
      kind === CoreKind.TypeIdLocal ? ownTypeId(typeId) : this.#amongCandidates(family, relocation, local);
    this.#results.set(question, result);
    return result;
  }

  #inContext(
    { name, lineInfo }: Pick<FunctionSpec, "name" | "lineInfo">,
    insn: number,
    error: unknown,
  ): unknown {
    if (!(error instanceof BpfError)) return error;
    const place = sourceLine(lineInfo, this.#local, insn)?.place ?? `instruction ${insn}`;
    return new RelocationError(`${name} at ${place}: ${error.message}`, error.next, { cause: error });
  }

  #amongCandidates(family: CoreFamily, relocation: CoreRelocation, local: AccessPath): CoreResult {
    const { kind, typeId } = relocation;
    const matching: Candidate[] = [];
    let first: { readonly path: AccessPath; readonly result: CoreResult } | undefined;
    for (const candidate of this.#candidates.of(typeId)) {
      const path = matchPath(family, kind, local, candidate.btf, candidate.id);
      if (path === undefined) continue;
      const result = calculate(family, kind, local, path);
      if (first === undefined) first = { path, result };
      else checkAgreement(first.path, first.result, path, result);
      matching.push(candidate);
    }
    this.#candidates.narrow(typeId, matching);
    return first?.result ?? calculate(family, kind, local, undefined);
  }
}

/** The program asks for the id in its own BTF: no kernel type is involved, and linkers may have renumbered it. */
function ownTypeId(typeId: number): CoreResult {
  const value = BigInt(typeId);
  const sizes = { oldSize: 0, newSize: 0, sizeConflict: false };
  return { oldValue: value, newValue: value, validate: false, poison: false, ...sizes };
}

function resized({ oldSize, newSize }: CoreResult): Poisoned["resized"] {
  return { program: oldSize || "bitfield", kernel: newSize || "bitfield" };
}

function checkAgreement(
  path: AccessPath,
  result: CoreResult,
  other: AccessPath,
  otherResult: CoreResult,
): void {
  if (path.bitOffset !== other.bitOffset) {
    throw ambiguous(path, other, `bit offsets ${path.bitOffset} and ${other.bitOffset}`);
  }
  if (result.poison !== otherResult.poison || result.newValue !== otherResult.newValue) {
    throw ambiguous(path, other, `values ${result.newValue} and ${otherResult.newValue}`);
  }
}

function ambiguous(path: AccessPath, other: AccessPath, how: string): RelocationError {
  const name = path.btf.nameOf(path.rootId);
  return new RelocationError(
    `the kernel has several types named ${name} (BTF ids ${path.rootId} and ${other.rootId}) that give ${how}`,
    "declare only the members that you need in a type of your own with a ___flavour suffix",
  );
}
