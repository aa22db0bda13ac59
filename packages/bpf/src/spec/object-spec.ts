import type { Instruction } from "../asm/instruction.ts";
import type { Btf } from "../btf/btf.ts";

/**
 * An ELF object file as a plain description: what it holds, nothing about the kernel that will run it.
 * Reading the same file on any machine gives the same description. Nothing here is a path, a descriptor
 * or an address of this machine.
 */
export interface ObjectSpec {
  /** Name used for the kernel's objects (`<first 8 characters>.rodata`), e.g. `opensnoop_bpf`. */
  readonly name: string;
  /** From section `license`; empty when the object has none. */
  readonly license: string;
  /** From section `version`; 0 when absent. Kernels before 5.0 want it for kprobes. */
  readonly kernelVersion: number;
  readonly littleEndian: boolean;
  /** The object's own BTF, with DATASEC sizes and offsets filled in from the ELF file; undefined without `.BTF`. */
  readonly btf: Btf | undefined;
  /** Entry points: functions in sections that name a program type. In ELF order. */
  readonly programs: readonly ProgramSpec[];
  /** Functions that are only called: all of `.text`, and static functions next to a program. By name + section. */
  readonly subprograms: readonly FunctionSpec[];
  /** Maps of `.maps`, then one map per global data section, in a stable order. */
  readonly maps: readonly MapSpec[];
  /** `extern` variables and functions, resolved at load. */
  readonly externs: readonly ExternSpec[];
}

/** A function's code before any relocation. All instruction indexes count 8-byte slots from the function's start. */
export interface FunctionSpec {
  readonly name: string;
  /** ELF section that holds the code, e.g. `.text` or `tp/syscalls/sys_enter_write`. */
  readonly section: string;
  /** Byte offset of the function within that section. */
  readonly sectionOffset: number;
  /** Static functions are verified as part of their caller, global ones on their own. */
  readonly linkage: "static" | "global" | "weak";
  readonly instructions: readonly Readonly<Instruction>[];
  readonly relocations: readonly Relocation[];
  readonly coreRelocations: readonly CoreRelocation[];
  /** `.BTF.ext` func_info: BTF FUNC id at an instruction. */
  readonly funcInfo: readonly { readonly insn: number; readonly typeId: number }[];
  /** `.BTF.ext` line_info. Offsets into the BTF string section; line and column packed as `line << 10 | column`. */
  readonly lineInfo: readonly {
    readonly insn: number;
    readonly fileNameOffset: number;
    readonly lineOffset: number;
    readonly lineColumn: number;
  }[];
}

/** What a relocation entry of the ELF file makes of an instruction. `insn` is the index of the (first) slot. */
export type Relocation =
  /** `ld_imm64` of a map: src becomes BPF_PSEUDO_MAP_FD, imm its descriptor. */
  | { readonly kind: "map"; readonly insn: number; readonly map: string }
  /** `ld_imm64` of global data: src becomes BPF_PSEUDO_MAP_VALUE, second imm the offset in the map's value. */
  | { readonly kind: "map-value"; readonly insn: number; readonly map: string; readonly offset: number }
  /** `call` of a function of this object (BPF_PSEUDO_CALL). */
  | { readonly kind: "call"; readonly insn: number; readonly target: FunctionKey }
  /** `ld_imm64` of a function's address, a callback (BPF_PSEUDO_FUNC). */
  | { readonly kind: "function"; readonly insn: number; readonly target: FunctionKey }
  /** `ld_imm64` of an extern variable. */
  | { readonly kind: "extern"; readonly insn: number; readonly name: string }
  /** `call` of an extern function (a kfunc). */
  | { readonly kind: "extern-call"; readonly insn: number; readonly name: string };

/** Identifies a function of the object: static functions of the same name may live in different sections. */
export interface FunctionKey {
  readonly section: string;
  /** Byte offset in the section. */
  readonly offset: number;
}

/** A CO-RE relocation record of `.BTF.ext` (struct bpf_core_relo), its instruction counted from the function's start. */
export interface CoreRelocation {
  readonly insn: number;
  /** Root type in the object's BTF. */
  readonly typeId: number;
  /** Access string such as `0:1:2`; for enum values the index; `0` for type relocations. */
  readonly access: string;
  /** enum bpf_core_relo_kind, 0 (FIELD_BYTE_OFFSET) to 12 (TYPE_MATCHES). */
  readonly kind: number;
}

/** An entry point: a function plus what its SEC() name says about it. */
export interface ProgramSpec extends FunctionSpec {
  /** The row of the section table, see `spec/sections.ts`; undefined when the SEC() name is unknown. */
  readonly definition: SectionDefinition | undefined;
  /** BPF_PROG_TYPE_*; 0 (unspecified) when the SEC() name is unknown. */
  readonly type: number;
  /** BPF_* attach type that belongs to the section, undefined where it has none. */
  readonly attachType: number | undefined;
  /** The text after the section's prefix: `syscalls/sys_enter_write`, `do_unlinkat+0x10`, `/bin/bash:readline`. */
  readonly target: string | undefined;
  /** BPF_F_* program flags implied by the section name (sleepable, xdp frags). */
  readonly flags: number;
  /** False when the section name begins with `?`. */
  readonly autoload: boolean;
  /** The function that takes over when the program throws; undefined where the kernel's own does. */
  readonly exceptionCallback: FunctionKey | undefined;
}

/** One row of the table of SEC() names. */
export interface SectionDefinition {
  /** The name, with `+` where a `/target` may or must follow as in libbpf's documentation. */
  readonly pattern: string;
  readonly programType: number;
  readonly attachType: number | undefined;
  /** Selects the function in `links/`; undefined when the program type has no automatic attachment. */
  readonly link: LinkKind | undefined;
  readonly sleepable: boolean;
  /** The kernel wants the id of a BTF type to attach to at load (tp_btf, fentry, lsm, iter, struct_ops, freplace). */
  readonly needsBtfTarget: boolean;
  /** The attach type may be left out on kernels that do not know it. */
  readonly attachTypeOptional: boolean;
  readonly xdpFrags: boolean;
}

/** The ways a program is attached; one file in `links/` for each family. */
export type LinkKind =
  | "kprobe"
  | "kretprobe"
  | "kprobe.multi"
  | "kretprobe.multi"
  | "kprobe.session"
  | "ksyscall"
  | "kretsyscall"
  | "uprobe"
  | "uretprobe"
  | "uprobe.multi"
  | "uretprobe.multi"
  | "uprobe.session"
  | "usdt"
  | "tracepoint"
  | "raw_tracepoint"
  | "tracing"
  | "lsm"
  | "iter"
  | "perf_event"
  | "xdp"
  | "tc"
  | "tcx"
  | "netkit"
  | "netfilter"
  | "cgroup"
  | "socket_filter"
  | "sk_lookup"
  | "flow_dissector"
  | "sk_skb"
  | "sk_msg"
  | "lirc"
  | "freplace"
  | "struct_ops";

/** A map as declared in `.maps`, or the map that holds a global data section. */
export interface MapSpec {
  /** The variable's name, or the kernel name of a data section's map (`opensnoo.rodata`). */
  readonly name: string;
  /** BPF_MAP_TYPE_*. */
  readonly type: number;
  /** Bytes. 0 where the type has no key. */
  readonly keySize: number;
  /** Bytes. 0 where the type has no value. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_*. */
  readonly flags: number;
  readonly numaNode: number | undefined;
  readonly mapExtra: bigint;
  /** BTF type ids in the object's BTF; 0 when unknown. */
  readonly keyTypeId: number;
  readonly valueTypeId: number;
  /** `LIBBPF_PIN_BY_NAME`. */
  readonly pinByName: boolean;
  /** The template of the maps inside an array-of-maps or hash-of-maps. */
  readonly inner: MapSpec | undefined;
  /** Static contents of a map-in-map or a prog array: slot → name of a map or program. */
  readonly slots: readonly {
    readonly index: number;
    readonly kind: "map" | "program";
    readonly name: string;
  }[];
  /** Set for global data. */
  readonly data: DataSection | undefined;
  /** struct_ops: name of the kernel struct type implemented, its initial image, and program pointers. */
  readonly structOps: StructOpsSpec | undefined;
}

export interface StructOpsSpec {
  readonly typeId: number;
  readonly section: ".struct_ops" | ".struct_ops.link";
  /** The section's name begins with `?`: created only when asked for. */
  readonly optional: boolean;
  readonly image: Uint8Array;
  /** Byte offset of a function pointer member → program name. */
  readonly programs: readonly { readonly offset: number; readonly name: string }[];
}

/** A section of global variables. */
export interface DataSection {
  /** ELF name: `.rodata`, `.data.hot`, `.bss`, `.kconfig`. */
  readonly section: string;
  readonly readOnly: boolean;
  /** Initial contents, `valueSize` bytes (zeroes for `.bss`, filled at load for `.kconfig`). */
  readonly initial: Uint8Array;
  /** In order of offset. */
  readonly variables: readonly VariableSpec[];
  /** BTF id of the DATASEC, 0 without BTF. */
  readonly typeId: number;
}

export interface VariableSpec {
  readonly name: string;
  /** Byte offset within the section. */
  readonly offset: number;
  readonly size: number;
  /** BTF type of the variable (the type below VAR); 0 when unknown. */
  readonly typeId: number;
  /** Static variables keep their place but are not part of an object's public face. */
  readonly linkage: "static" | "global";
}

/** An undefined symbol that the loader must give a meaning. */
export interface ExternSpec {
  readonly name: string;
  readonly source: "kconfig" | "ksym" | "kfunc";
  /** BTF type id of the VAR's type or of the FUNC; 0 for a typeless ksym (`extern const void x __ksym`). */
  readonly typeId: number;
  /** BTF id of the VAR or FUNC itself. */
  readonly btfId: number;
  readonly weak: boolean;
  /** Byte size for kconfig values. */
  readonly size: number;
  readonly alignment: number;
}
