import { helperName } from "./helper-names.ts";
import type { Instruction } from "./instruction.ts";
import * as op from "./opcodes.ts";

const SIZES: Readonly<Record<number, string>> = {
  [op.BPF_B]: "u8",
  [op.BPF_H]: "u16",
  [op.BPF_W]: "u32",
  [op.BPF_DW]: "u64",
};
const ALU: Readonly<Record<number, string>> = {
  [op.BPF_ADD]: "+=",
  [op.BPF_SUB]: "-=",
  [op.BPF_MUL]: "*=",
  [op.BPF_DIV]: "/=",
  [op.BPF_OR]: "|=",
  [op.BPF_AND]: "&=",
  [op.BPF_LSH]: "<<=",
  [op.BPF_RSH]: ">>=",
  [op.BPF_MOD]: "%=",
  [op.BPF_XOR]: "^=",
  [op.BPF_MOV]: "=",
  [op.BPF_ARSH]: "s>>=",
};
const JUMPS: Readonly<Record<number, string>> = {
  [op.BPF_JEQ]: "==",
  [op.BPF_JGT]: ">",
  [op.BPF_JGE]: ">=",
  [op.BPF_JSET]: "&",
  [op.BPF_JNE]: "!=",
  [op.BPF_JSGT]: "s>",
  [op.BPF_JSGE]: "s>=",
  [op.BPF_JLT]: "<",
  [op.BPF_JLE]: "<=",
  [op.BPF_JSLT]: "s<",
  [op.BPF_JSLE]: "s<=",
};
const ATOMICS: Readonly<Record<number, string>> = {
  [op.BPF_ADD]: "add",
  [op.BPF_OR]: "or",
  [op.BPF_AND]: "and",
  [op.BPF_XOR]: "xor",
};

/**
 * One instruction in the words of the verifier's log (kernel/bpf/disasm.c), so that the two can be compared:
 * `r1 = *(u32 *)(r1 +8)`, `if r0 == 0x0 goto pc+3`. `next` is the following slot, the upper half of a 64-bit load.
 * An instruction that does not exist is given as `BUG_` and its code, also as the verifier does.
 */
export function disassemble(instruction: Readonly<Instruction>, next?: Readonly<Instruction>): string {
  switch (instruction.code & op.CLASS_MASK) {
    case op.BPF_ALU:
    case op.BPF_ALU64:
      return arithmetic(instruction);
    case op.BPF_JMP:
    case op.BPF_JMP32:
      return jump(instruction);
    case op.BPF_LD:
      return specialLoad(instruction, next);
    case op.BPF_LDX:
      return load(instruction);
    default:
      return store(instruction);
  }
}

/** All instructions, one line each, numbered as in the verifier's log: the second slot of a 64-bit load has no line. */
export function disassembleAll(instructions: readonly Readonly<Instruction>[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < instructions.length; index++) {
    const instruction = instructions[index]!;
    lines.push(`${index}: ${disassemble(instruction, instructions[index + 1])}`);
    if (instruction.code === op.LD_IMM64) index++;
  }
  return lines;
}

function arithmetic(instruction: Readonly<Instruction>): string {
  const { code, dst, src, off, imm } = instruction;
  const wide = (code & op.CLASS_MASK) === op.BPF_ALU64;
  const operation = code & op.OP_MASK;
  const r = wide ? "r" : "w";
  if (operation === op.BPF_NEG) return `${r}${dst} = -${r}${dst}`;
  if (operation === op.BPF_END) {
    if (wide) return `r${dst} = bswap${imm} r${dst}`;
    return `r${dst} = ${(code & op.BPF_X) === op.BPF_TO_BE ? "be" : "le"}${imm} r${dst}`;
  }
  const symbol = ALU[operation];
  if (symbol === undefined) return bug(code);
  if ((code & op.BPF_X) === op.BPF_K) return `${r}${dst} ${signedForm(operation, symbol, off)} ${imm}`;
  if (operation === op.BPF_MOV && off !== 0) {
    if (wide && off === 1) return `r${dst} = addr_space_cast(r${src}, ${imm >>> 16}, ${imm & 0xffff})`;
    return `${r}${dst} = (s${off})${r}${src}`;
  }
  return `${r}${dst} ${signedForm(operation, symbol, off)} ${r}${src}`;
}

/** Division and modulo are signed when the offset is 1 (Linux 6.6). */
function signedForm(operation: number, symbol: string, off: number): string {
  return off === 1 && (operation === op.BPF_DIV || operation === op.BPF_MOD) ? `s${symbol}` : symbol;
}

function jump({ code, dst, src, off, imm }: Readonly<Instruction>): string {
  const wide = (code & op.CLASS_MASK) === op.BPF_JMP;
  const operation = code & op.OP_MASK;
  if (operation === op.BPF_CALL && wide) {
    if (src === op.BPF_PSEUDO_CALL) return `call pc${signed(imm)}`;
    if (src === op.BPF_PSEUDO_KFUNC_CALL) return `call kernel-function#${imm}`;
    return `call ${helperName(imm) ?? "unknown"}#${imm}`;
  }
  if (operation === op.BPF_EXIT && wide) return "exit";
  if (operation === op.BPF_JA) return wide ? `goto pc${signed(off)}` : `gotol pc${signed(imm)}`;
  if (operation === op.BPF_JCOND && wide) return `may_goto pc${signed(off)}`;
  const symbol = JUMPS[operation];
  if (symbol === undefined) return bug(code);
  const r = wide ? "r" : "w";
  const right = (code & op.BPF_X) === op.BPF_X ? `${r}${src}` : hex(imm);
  return `if ${r}${dst} ${symbol} ${right} goto pc${signed(off)}`;
}

function specialLoad({ code, dst, src, imm }: Readonly<Instruction>, next?: Readonly<Instruction>): string {
  const mode = code & op.MODE_MASK;
  const size = SIZES[code & op.SIZE_MASK];
  if (mode === op.BPF_ABS) return `r0 = *(${size} *)skb[${imm}]`;
  if (mode === op.BPF_IND) return `r0 = *(${size} *)skb[r${src} + ${imm}]`;
  if (code !== op.LD_IMM64) return bug(code);
  const value = (BigInt.asUintN(32, BigInt(next?.imm ?? 0)) << 32n) | BigInt.asUintN(32, BigInt(imm));
  switch (src) {
    case op.BPF_PSEUDO_MAP_FD:
      return `r${dst} = map[fd ${imm}]`;
    case op.BPF_PSEUDO_MAP_VALUE:
      return `r${dst} = map[fd ${imm}]+${next?.imm ?? 0}`;
    case op.BPF_PSEUDO_BTF_ID:
      return `r${dst} = btf[${imm}]`;
    case op.BPF_PSEUDO_FUNC:
      return `r${dst} = func[pc${signed(imm)}]`;
    case op.BPF_PSEUDO_MAP_IDX:
      return `r${dst} = map[index ${imm}]`;
    case op.BPF_PSEUDO_MAP_IDX_VALUE:
      return `r${dst} = map[index ${imm}]+${next?.imm ?? 0}`;
    default:
      return `r${dst} = 0x${value.toString(16)}`;
  }
}

function load({ code, dst, src, off }: Readonly<Instruction>): string {
  const mode = code & op.MODE_MASK;
  const size = SIZES[code & op.SIZE_MASK]!;
  if (mode === op.BPF_MEM) return `r${dst} = *(${size} *)(r${src} ${signed(off)})`;
  if (mode === op.BPF_MEMSX) return `r${dst} = *(${size.replace("u", "s")} *)(r${src} ${signed(off)})`;
  return bug(code);
}

function store(instruction: Readonly<Instruction>): string {
  const { code, dst, src, off, imm } = instruction;
  const mode = code & op.MODE_MASK;
  const place = `*(${SIZES[code & op.SIZE_MASK]} *)(r${dst} ${signed(off)})`;
  if (mode === op.BPF_MEM) {
    return (code & op.CLASS_MASK) === op.BPF_ST ? `${place} = ${imm}` : `${place} = r${src}`;
  }
  return mode === op.BPF_ATOMIC && (code & op.CLASS_MASK) === op.BPF_STX ? atomic(instruction) : bug(code);
}

function atomic({ code, dst, src, off, imm }: Readonly<Instruction>): string {
  const wide = (code & op.SIZE_MASK) === op.BPF_DW;
  const size = SIZES[code & op.SIZE_MASK];
  const pointer = (register: number) => `(${size} *)(r${register} ${signed(off)})`;
  if (imm === op.BPF_LOAD_ACQ) return `r${dst} = load_acquire(${pointer(src)})`;
  if (imm === op.BPF_STORE_REL) return `store_release(${pointer(dst)}, r${src})`;
  const prefix = wide ? "atomic64" : "atomic";
  if (imm === op.BPF_CMPXCHG) return `r0 = ${prefix}_cmpxchg(${pointer(dst)}, r0, r${src})`;
  if (imm === op.BPF_XCHG) return `r${src} = ${prefix}_xchg(${pointer(dst)}, r${src})`;
  const name = ATOMICS[imm & op.OP_MASK];
  if (name === undefined || (imm & ~(op.OP_MASK | op.BPF_FETCH)) !== 0) return bug(code);
  if ((imm & op.BPF_FETCH) !== 0) return `r${src} = ${prefix}_fetch_${name}(${pointer(dst)}, r${src})`;
  const symbol = ALU[imm & op.OP_MASK];
  return `lock *${pointer(dst)} ${symbol} r${src}`;
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

/** As unsigned 32 bits, the way the verifier prints immediates of comparisons. */
function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

function bug(code: number): string {
  return `BUG_${code.toString(16).padStart(2, "0")}`;
}
