import type { Instruction } from "../asm/instruction.ts";
import {
  BPF_PSEUDO_BTF_ID,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
  CALL,
  LD_IMM64,
} from "../asm/opcodes.ts";
import { RelocationError } from "../errors.ts";
import type { Relocation } from "../spec/object-spec.ts";
import type { LinkedProgram } from "./code.ts";
import { poison } from "./poison.ts";

/** What an extern means on the running kernel. */
export type ResolvedExtern =
  /** A variable of `.kconfig`: its place in the map that holds them. */
  | { readonly kind: "kconfig"; readonly mapFd: number; readonly offset: number }
  /** A symbol without a type: its address. */
  | { readonly kind: "address"; readonly address: bigint }
  /** A kernel variable or function described by BTF; `btfFd` 0 for vmlinux, else the module's. */
  | { readonly kind: "typed"; readonly id: number; readonly btfFd: number; readonly fdIndex: number }
  /** Weak, and not in this kernel: reads as 0, must not be called. */
  | { readonly kind: "missing" };

/** Gives references their meaning, as late as possible: descriptors exist only once the maps do. */
export interface References {
  /** Descriptor of a map; undefined for a map that was deliberately not created. */
  mapFd(name: string): number | undefined;
  /** Which of the object's maps it is. */
  mapIndex(name: string): number;
  extern(name: string): ResolvedExtern;
  /** Which of the object's externs it is. */
  externIndex(name: string): number;
}

/**
 * Helper numbers called in place of a reference to something that does not exist: the verifier quotes them if the code can be
 * reached. libbpf's numbers plus the index of the map or extern (POISON_LDIMM64_MAP_BASE, POISON_CALL_KFUNC_BASE).
 */
const POISON_MAP = 2001000000;
const POISON_KFUNC = 2002000000;

/** A poisoned reference: the number that the verifier would quote, and what it stands for. */
export interface MissingReference {
  readonly helper: number;
  readonly what: string;
}

/**
 * Writes map descriptors, places of global data and the meaning of externs into a linked program.
 * @throws {RelocationError} when a reference points at an instruction that cannot hold it
 */
export function resolveReferences(program: LinkedProgram, references: References): MissingReference[] {
  const missing: MissingReference[] = [];
  for (const relocation of program.relocations)
    resolve(program.instructions, relocation, references, missing);
  return missing;
}

function resolve(
  instructions: Instruction[],
  relocation: Relocation,
  references: References,
  missing: MissingReference[],
): void {
  const first = instructions[relocation.insn];
  const second = instructions[relocation.insn + 1];
  if (first === undefined) throw unexpected(relocation, "there is no such instruction");
  switch (relocation.kind) {
    case "map":
    case "map-value": {
      if (first.code !== LD_IMM64 || second === undefined) throw unexpected(relocation, "it is no ld_imm64");
      const fd = references.mapFd(relocation.map);
      if (fd === undefined) {
        const helper = POISON_MAP + references.mapIndex(relocation.map);
        missing.push({ helper, what: `map ${relocation.map}, which was not created` });
        for (const slot of [first, second]) poison(slot, helper);
        return;
      }
      if (relocation.kind === "map-value") second.imm = relocation.offset | 0;
      first.src = relocation.kind === "map" ? BPF_PSEUDO_MAP_FD : BPF_PSEUDO_MAP_VALUE;
      first.imm = fd;
      return;
    }
    case "extern":
      if (first.code !== LD_IMM64 || second === undefined) throw unexpected(relocation, "it is no ld_imm64");
      resolveVariable(first, second, references.extern(relocation.name));
      return;
    case "extern-call": {
      if (first.code !== CALL) throw unexpected(relocation, "it is no call");
      const extern = references.extern(relocation.name);
      if (extern.kind === "typed") {
        first.src = BPF_PSEUDO_KFUNC_CALL;
        first.imm = extern.id;
        first.off = extern.fdIndex;
        return;
      }
      const helper = POISON_KFUNC + references.externIndex(relocation.name);
      missing.push({ helper, what: `kernel function ${relocation.name}()` });
      poison(first, helper);
      return;
    }
    case "call":
    case "function":
      return; // linkSubprograms has done these
  }
}

function resolveVariable(first: Instruction, second: Instruction, extern: ResolvedExtern): void {
  switch (extern.kind) {
    case "kconfig":
      first.src = BPF_PSEUDO_MAP_VALUE;
      first.imm = extern.mapFd;
      second.imm = extern.offset;
      return;
    case "typed":
      first.src = BPF_PSEUDO_BTF_ID;
      first.imm = extern.id;
      second.imm = extern.btfFd;
      return;
    case "address":
    case "missing": {
      const address = extern.kind === "address" ? extern.address : 0n;
      first.imm = Number(BigInt.asIntN(32, address));
      second.imm = Number(BigInt.asIntN(32, address >> 32n));
    }
  }
}

function unexpected(relocation: Relocation, why: string): RelocationError {
  return new RelocationError(
    `relocation "${relocation.kind}" at instruction ${relocation.insn}: ${why}`,
    "rebuild the object file",
  );
}
