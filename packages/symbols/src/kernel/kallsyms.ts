import { lastNotAfter } from "../ranges.ts";

/** A name the kernel has for an address. */
export interface KernelSymbol {
  readonly name: string;
  readonly module: string | undefined;
  readonly offset: number;
}

/** What /proc/kallsyms said at one time. */
export interface KernelSymbolTable {
  readonly length: number;
  /** False when the kernel shows zeroes in place of addresses. */
  readonly visible: boolean;
  find(address: bigint): KernelSymbol | undefined;
}

/**
 * Addresses of the kernel lie in the uppermost 2^53 bytes of the address space on every 64-bit architecture: relative to its
 * start they are exact as numbers. What is lower is relative to a CPU's data, or absolute, and no code.
 */
const BASE_HIGH = 0xffe0_0000;
const BASE = BigInt(BASE_HIGH) << 32n;

/** No function is that long; what is further from the last symbol lies in none. */
const LONGEST = 1 << 20;
/** Compiled BPF programs stand a few kilobytes apart; the next symbol may be of another time. */
const LONGEST_BPF = 1 << 16;

/** Names that the linker gives to ends of sections: what follows belongs to something else. */
const END_MARK =
  /_text_end$|^_e(?:text|inittext|data)$|^_end$|^__bss_stop$|^__init_end$|^__end_(?:rodata|of_kernel|builtin_fw|entry_SYS|ro_after|once)/;

const NEWLINE = 0x0a;
const TAB = 0x09;
const DIGITS = 16;
/** `ffffffff81000000 T `. */
const HEAD = DIGITS + 3;

/** Parses the text of /proc/kallsyms, which is kept: names are read from it when asked for. */
export function parseKallsyms(text: Uint8Array): KernelSymbolTable {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  const { addresses, lines, visible } = inOrder(readLines(bytes));
  return {
    length: addresses.length,
    visible,
    find(address) {
      const relative = Number(address - BASE);
      if (!(relative >= 0)) return undefined;
      const last = lastNotAfter(addresses, relative);
      const start = addresses[last];
      if (start === undefined) return undefined;
      const { name, module } = bestName(bytes, addresses, lines, last);
      const offset = relative - start;
      if (offset >= (module === "bpf" ? LONGEST_BPF : LONGEST) || END_MARK.test(name)) return undefined;
      return { name, module, offset };
    },
  };
}

interface Lines {
  /** Relative to `BASE`. */
  readonly addresses: Float64Array;
  /** Where the lines begin in the text. */
  readonly lines: Uint32Array;
  readonly visible: boolean;
}

function readLines(text: Buffer): Lines {
  const most = Math.floor(text.length / (HEAD + 2)) + 1;
  const addresses = new Float64Array(most);
  const lines = new Uint32Array(most);
  let count = 0;
  let visible = false;
  for (let at = 0; at + HEAD < text.length; ) {
    const high = hexAt(text, at);
    const low = hexAt(text, at + 8);
    visible ||= high > 0;
    if (high >= BASE_HIGH && low >= 0) {
      addresses[count] = (high - BASE_HIGH) * 2 ** 32 + low;
      lines[count++] = at;
    }
    const end = text.indexOf(NEWLINE, at + HEAD);
    if (end < 0) break;
    at = end + 1;
  }
  return { addresses: addresses.subarray(0, count), lines: lines.subarray(0, count), visible };
}

/** Eight hexadecimal digits; negative when they are none. */
function hexAt(text: Buffer, at: number): number {
  let value = 0;
  for (let index = at; index < at + 8; index++) {
    const digit = text[index] ?? 0;
    const lower = digit | 0x20;
    const nibble = digit <= 0x39 ? digit - 0x30 : lower - 0x57;
    if (nibble < 0 || nibble > 15) return -1;
    value = value * 16 + nibble;
  }
  return value;
}

/** The kernel itself comes first and in order; modules and BPF programs follow in orders of their own. */
function inOrder({ addresses, lines, visible }: Lines): Lines {
  let sorted = 1;
  while (sorted < addresses.length && (addresses[sorted] ?? 0) >= (addresses[sorted - 1] ?? 0)) sorted++;
  if (sorted >= addresses.length) return { addresses: addresses.slice(), lines: lines.slice(), visible };
  const rest = Uint32Array.from({ length: addresses.length - sorted }, (_, index) => sorted + index).sort(
    (one, other) => (addresses[one] ?? 0) - (addresses[other] ?? 0) || one - other,
  );
  const merged = {
    addresses: new Float64Array(addresses.length),
    lines: new Uint32Array(addresses.length),
    visible,
  };
  for (let left = 0, right = 0, to = 0; to < merged.lines.length; to++) {
    const other = rest[right];
    const takeLeft =
      other === undefined || (left < sorted && (addresses[left] ?? 0) <= (addresses[other] ?? 0));
    const from = takeLeft ? left++ : (rest[right++] ?? 0);
    merged.addresses[to] = addresses[from] ?? 0;
    merged.lines[to] = lines[from] ?? 0;
  }
  return merged;
}

/** Of several names for one address the one that people use: global before local before weak, few underscores. */
function bestName(text: Buffer, addresses: Float64Array, lines: Uint32Array, last: number) {
  let best = symbolAt(text, lines[last] ?? 0);
  for (let index = last - 1; index >= 0 && addresses[index] === addresses[last]; index--) {
    const other = symbolAt(text, lines[index] ?? 0);
    if (rank(other) <= rank(best)) best = other;
  }
  return best;
}

interface Line {
  /** As in nm(1): `T` global code, `t` local, `W` weak. */
  readonly type: string;
  readonly name: string;
  readonly module: string | undefined;
}

function symbolAt(text: Buffer, at: number): Line {
  const newline = text.indexOf(NEWLINE, at);
  const end = newline < 0 ? text.length : newline;
  const tab = text.subarray(at, end).indexOf(TAB);
  const module = tab < 0 ? "" : text.toString("latin1", at + tab + 1, end).replace(/^\[|\]$/g, "");
  return {
    type: text.toString("latin1", at + DIGITS + 1, at + DIGITS + 2),
    // A compiler's suffix of a symbol that several files have is no part of its name.
    name: text.toString("utf8", at + HEAD, tab < 0 ? end : at + tab).replace(/\.llvm\.\d+$/, ""),
    module: module === "" ? undefined : module,
  };
}

function rank({ type, name }: Line): number {
  const mark = END_MARK.test(name) ? 1000 : 0;
  const binding = type.toLowerCase() === "w" ? 200 : type === type.toLowerCase() ? 100 : 0;
  return mark + binding + Math.min(/^_*/.exec(name)?.[0].length ?? 0, 50);
}
