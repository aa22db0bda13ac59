/**
 * The parts of an operation code (include/uapi/linux/bpf.h, include/uapi/linux/bpf_common.h,
 * Documentation/bpf/standardization/instruction-set.rst). A code is `class | mode | size` for loads and stores,
 * `class | operation | source` for arithmetic and jumps.
 */

/** Mask of the class. */
export const CLASS_MASK = 0x07;
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_JMP32 = 0x06;
export const BPF_ALU64 = 0x07;

/** Mask of the size of a load or store. */
export const SIZE_MASK = 0x18;
/** 4 bytes. */
export const BPF_W = 0x00;
/** 2 bytes. */
export const BPF_H = 0x08;
/** 1 byte. */
export const BPF_B = 0x10;
/** 8 bytes. */
export const BPF_DW = 0x18;

/** Mask of the mode of a load or store. */
export const MODE_MASK = 0xe0;
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
/** Sign-extending load. @kernel 6.6 */
export const BPF_MEMSX = 0x80;
export const BPF_ATOMIC = 0xc0;

/** Mask of the operation of arithmetic and jumps. */
export const OP_MASK = 0xf0;
export const BPF_ADD = 0x00;
export const BPF_SUB = 0x10;
export const BPF_MUL = 0x20;
export const BPF_DIV = 0x30;
export const BPF_OR = 0x40;
export const BPF_AND = 0x50;
export const BPF_LSH = 0x60;
export const BPF_RSH = 0x70;
export const BPF_NEG = 0x80;
export const BPF_MOD = 0x90;
export const BPF_XOR = 0xa0;
export const BPF_MOV = 0xb0;
export const BPF_ARSH = 0xc0;
export const BPF_END = 0xd0;

export const BPF_JA = 0x00;
export const BPF_JEQ = 0x10;
export const BPF_JGT = 0x20;
export const BPF_JGE = 0x30;
export const BPF_JSET = 0x40;
export const BPF_JNE = 0x50;
export const BPF_JSGT = 0x60;
export const BPF_JSGE = 0x70;
export const BPF_CALL = 0x80;
export const BPF_EXIT = 0x90;
export const BPF_JLT = 0xa0;
export const BPF_JLE = 0xb0;
export const BPF_JSLT = 0xc0;
export const BPF_JSLE = 0xd0;
export const BPF_JCOND = 0xe0;

/** Source bit: operand is the immediate (K) or the source register (X). */
export const BPF_K = 0x00;
export const BPF_X = 0x08;

/** `BPF_END` of class ALU: to little or big endian. */
export const BPF_TO_LE = 0x00;
export const BPF_TO_BE = 0x08;

/** Immediate of an atomic operation: or-ed to an ALU operation, returns the old value. */
export const BPF_FETCH = 0x01;
export const BPF_XCHG = 0xe0 | BPF_FETCH;
export const BPF_CMPXCHG = 0xf0 | BPF_FETCH;
export const BPF_LOAD_ACQ = 0x100;
export const BPF_STORE_REL = 0x110;

/** Values of `src` in a `ld_imm64`, telling what the immediate is. */
export const BPF_PSEUDO_MAP_FD = 1;
export const BPF_PSEUDO_MAP_VALUE = 2;
export const BPF_PSEUDO_BTF_ID = 3;
export const BPF_PSEUDO_FUNC = 4;
export const BPF_PSEUDO_MAP_IDX = 5;
export const BPF_PSEUDO_MAP_IDX_VALUE = 6;

/** Values of `src` in a `call`. 0 calls a helper by id. */
export const BPF_PSEUDO_CALL = 1;
export const BPF_PSEUDO_KFUNC_CALL = 2;

/** `ld_imm64`: the only instruction of two slots. */
export const LD_IMM64 = BPF_LD | BPF_IMM | BPF_DW;
/** `call`. */
export const CALL = BPF_JMP | BPF_CALL;
/** `exit`. */
export const EXIT = BPF_JMP | BPF_EXIT;
