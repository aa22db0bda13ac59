import { InvalidArgumentError, NotImplementedError } from "../errors.ts";

/** Where a USDT probe left one of its arguments, as the note's text (`-4@-1204(%rbp)`) says. */
export interface UsdtArgument {
  /** Bytes: 1, 2, 4 or 8. */
  readonly size: number;
  readonly signed: boolean;
  readonly location: UsdtLocation;
}

/** `register` and `index` are byte offsets in the kernel's `struct pt_regs`. */
export type UsdtLocation =
  | { readonly kind: "constant"; readonly value: bigint }
  | { readonly kind: "register"; readonly register: number }
  /** At the address in a register, plus an offset. */
  | { readonly kind: "memory"; readonly register: number; readonly offset: bigint }
  /** x86: at base + index * 2^shift + offset. */
  | {
      readonly kind: "scaled-index";
      readonly register: number;
      readonly index: number;
      readonly shift: number;
      readonly offset: bigint;
    }
  /** x86: a variable of the binary itself, addressed from the program counter: `counter+8(%rip)`. */
  | {
      readonly kind: "variable";
      readonly register: number;
      readonly symbol: string;
      readonly offset: bigint;
    };

/** As many as `struct __bpf_usdt_spec` holds. */
export const USDT_MAX_ARGUMENTS = 12;

type OperandParser = (operand: string, size: number) => UsdtLocation | undefined;

/**
 * Reads the argument string of a USDT note. `machine` is `uname -m`.
 * @throws {NotImplementedError} for a machine, or a way to address an argument, that is not known here.
 * @throws {InvalidArgumentError} for more arguments than a program can be given.
 */
export function parseUsdtArguments(text: string, machine: string): readonly UsdtArgument[] {
  const parts = splitArguments(text);
  if (parts.length === 0) return [];
  const parser = OPERANDS[machine];
  if (parser === undefined) {
    throw new NotImplementedError(
      `USDT arguments of machine ${machine} are not understood`,
      "trace on x86_64 or aarch64, or use a probe without arguments",
    );
  }
  if (parts.length > USDT_MAX_ARGUMENTS) {
    throw new InvalidArgumentError(
      `the USDT probe has ${parts.length} arguments, more than the ${USDT_MAX_ARGUMENTS} a program can read`,
      "use another probe",
    );
  }
  return parts.map((part) => parseArgument(part, parser));
}

/** `size@operand`, separated by blanks; an operand in brackets may hold blanks of its own (arm64: `[sp, 12]`). */
function splitArguments(text: string): readonly string[] {
  return text.match(/[^\s@]+@(?:\[[^\]]*\]|[^\s])+/g) ?? (text.trim() === "" ? [] : [text.trim()]);
}

function parseArgument(part: string, operand: OperandParser): UsdtArgument {
  const at = part.indexOf("@");
  const size = Number(part.slice(0, at));
  if (at < 0 || ![1, 2, 4, 8].includes(Math.abs(size))) throw unknownArgument(part);
  const location = operand(part.slice(at + 1).trim(), Math.abs(size));
  if (location === undefined) throw unknownArgument(part);
  return { size: Math.abs(size), signed: size < 0, location };
}

function unknownArgument(part: string): NotImplementedError {
  return new NotImplementedError(
    `USDT argument "${part}" is stored in a way that a BPF program cannot be told`,
    "use another probe, or a uprobe on the function that holds this one",
  );
}

const OPERANDS: { readonly [machine: string]: OperandParser | undefined } = {
  x86_64: x86Operand,
  aarch64: armOperand,
};

/** Order of the registers in x86's struct pt_regs, eight bytes each (arch/x86/include/asm/ptrace.h). */
const X86_PT_REGS =
  "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss".split(" ");

/** Every name of a register, for every width that starts at its lowest byte. */
const X86_REGISTERS: ReadonlyMap<string, number> = new Map(
  X86_PT_REGS.flatMap((name, index) => x86Names(name).map((alias) => [alias, index * 8] as const)),
);

function x86Names(name: string): readonly string[] {
  if (/^r\d+$/.test(name)) return [name, `${name}d`, `${name}w`, `${name}b`, `${name}l`];
  const word = name.slice(1);
  if (/^r[abcd]x$/.test(name)) return [name, `e${word}`, word, `${word.charAt(0)}l`];
  if (/^r(bp|sp|si|di)$/.test(name)) return [name, `e${word}`, word, `${word}l`];
  return name === "rip" ? [name, "eip"] : [];
}

const NUMBER = /^[-+]?(?:0x[0-9a-f]+|\d+)$/i;

function x86Operand(operand: string): UsdtLocation | undefined {
  if (operand.startsWith("$")) return constant(operand.slice(1));
  if (operand.startsWith("%")) {
    const register = X86_REGISTERS.get(operand.slice(1));
    return register === undefined ? undefined : { kind: "register", register };
  }
  const memory = /^([^()]*)\(([^()]*)\)$/.exec(operand);
  if (memory === null) return undefined;
  return x86Memory(
    memory[1] ?? "",
    (memory[2] ?? "").split(",").map((part) => part.trim()),
  );
}

function x86Memory(displacement: string, parts: readonly string[]): UsdtLocation | undefined {
  const [base = "", index, scale = "1"] = parts;
  const register = x86Register(base);
  if (parts.length > 3 || register === undefined) return undefined;
  const offset = displacement === "" ? 0n : integer(displacement);
  if (offset === undefined) return base === "%rip" ? x86Variable(displacement, register) : undefined;
  // A number before (%rip) counts from an instruction that the note does not know.
  if (base === "%rip") return undefined;
  if (index === undefined) return { kind: "memory", register, offset };
  const indexRegister = x86Register(index);
  const shift = ["1", "2", "4", "8"].indexOf(scale);
  if (indexRegister === undefined || shift < 0) return undefined;
  return { kind: "scaled-index", register, index: indexRegister, shift, offset };
}

function x86Register(text: string): number | undefined {
  return text.startsWith("%r") ? X86_REGISTERS.get(text.slice(1)) : undefined;
}

/** `symbol`, `symbol+8`, `8+symbol`, `symbol-4`. */
function x86Variable(displacement: string, register: number): UsdtLocation | undefined {
  const match = /^(?:([-+]?\d+)\+)?([A-Za-z_.$][\w.$@]*)([-+]\d+)?$/.exec(displacement);
  if (match === null) return undefined;
  const offset = BigInt(match[1] ?? "0") + BigInt(match[3] ?? "0");
  return { kind: "variable", register, symbol: match[2] ?? "", offset };
}

function constant(text: string): UsdtLocation | undefined {
  const value = integer(text);
  return value === undefined ? undefined : { kind: "constant", value };
}

function integer(text: string): bigint | undefined {
  if (!NUMBER.test(text)) return undefined;
  const magnitude = BigInt(text.replace(/^[-+]/, ""));
  return text.startsWith("-") ? -magnitude : magnitude;
}

function armOperand(operand: string): UsdtLocation | undefined {
  const memory = /^\[\s*(\w+)\s*(?:,\s*#?([-+]?\w+)\s*)?\]$/.exec(operand);
  if (memory !== null) {
    const register = armRegister(memory[1] ?? "");
    const offset = memory[2] === undefined ? 0n : integer(memory[2]);
    if (register === undefined || offset === undefined) return undefined;
    return { kind: "memory", register, offset };
  }
  const register = armRegister(operand);
  return register === undefined ? constant(operand) : { kind: "register", register };
}

/** arm64's struct pt_regs: x0 to x30, then sp and pc (arch/arm64/include/asm/ptrace.h). */
function armRegister(name: string): number | undefined {
  if (name === "sp") return 31 * 8;
  if (name === "pc") return 32 * 8;
  const match = /^[xw](\d{1,2})$/.exec(name);
  const number = Number(match?.[1] ?? 99);
  return number <= 30 ? number * 8 : undefined;
}
