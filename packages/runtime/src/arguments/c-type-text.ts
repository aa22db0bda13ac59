import type { Shape } from "../shapes/shape.ts";

/** Integer types by the words of C and of the kernel, on the machines that BPF has: `long` has 64 bits. */
const INTEGERS: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  char: [8, true],
  "signed char": [8, true],
  "unsigned char": [8, false],
  short: [16, true],
  "unsigned short": [16, false],
  int: [32, true],
  "unsigned int": [32, false],
  long: [64, true],
  "unsigned long": [64, false],
  "long long": [64, true],
  "unsigned long long": [64, false],
  __int128: [128, true],
  "unsigned __int128": [128, false],
  size_t: [64, false],
  ssize_t: [64, true],
  loff_t: [64, true],
  off_t: [64, true],
  pid_t: [32, true],
  uid_t: [32, false],
  gid_t: [32, false],
  dev_t: [32, false],
  mode_t: [16, false],
  umode_t: [16, false],
  __be16: [16, false],
  __be32: [32, false],
  __be64: [64, false],
};

/**
 * What a package says about a variable's type, for objects that brought no BTF along: `unsigned int`, `char[16]`, `__u64`.
 * Undefined for what no flag can be made of.
 */
export function shapeOfText(text: string): Shape | undefined {
  const words = text
    .replace(/\b(?:const|volatile)\b/g, "")
    .trim()
    .replace(/\s+/g, " ");
  const array = /^char ?\[(\d{1,6})\]$/.exec(words);
  if (array !== null) return { kind: "string", size: Number(array[1]) };
  if (words === "bool" || words === "_Bool") return { kind: "bool" };
  if (words === "float") return { kind: "float", size: 4 };
  if (words === "double") return { kind: "float", size: 8 };
  const [bits, signed] = sizedInteger(words) ?? (Object.hasOwn(INTEGERS, words) ? INTEGERS[words]! : []);
  return bits === undefined || signed === undefined ? undefined : { kind: "integer", bits, signed };
}

/** `__u8`, `s64`, `uint16_t`, `u_int32_t`, `__kernel_pid_t` and the like. */
function sizedInteger(words: string): readonly [bits: number, signed: boolean] | undefined {
  const kernel = /^(?:__)?([us])(8|16|32|64|128)$/.exec(words);
  if (kernel !== null) return [Number(kernel[2]), kernel[1] === "s"];
  const standard = /^(u|u_)?int(8|16|32|64)_t$/.exec(words);
  if (standard !== null) return [Number(standard[2]), standard[1] === undefined];
  const plain = /^__kernel_(\w+_t)$/.exec(words)?.[1];
  return plain !== undefined && Object.hasOwn(INTEGERS, plain) ? INTEGERS[plain] : undefined;
}
