import type { BpfValue } from "@skep/bpf";
import type { Shape } from "../shapes/shape.ts";

/** What counts of something are called; a member of another name may be anything, a process id for one. */
const COUNTS =
  /count|cnt|total|sum|byte|packet|pkt|read|write|call|hit|miss|error|fail|drop|lost|event|sample|slot|ops|sent|recv|rx|tx|alloc|free|access|added|created|dirtied/i;
/** What is no count, whatever else the name says. */
const NO_COUNTS = /max|min|last|first|avg|mean|id$/i;

/**
 * Whether a value only counts: an unsigned integer, an array of them, a struct whose integers are such by their names. Then
 * what came since an earlier look is the difference, and nobody has to reset anything.
 */
export function isCounting(shape: Shape): boolean {
  switch (shape.kind) {
    case "integer":
      return shape.bits <= 64 && !shape.signed;
    case "array":
      return isCounting(shape.element);
    case "struct":
      return shape.members.every(({ name, shape }) => {
        if (shape.kind === "string") return true;
        const counts = shape.kind === "array" || shape.kind === "struct";
        return isCounting(shape) && (counts || (COUNTS.test(name) && !NO_COUNTS.test(name)));
      });
    default:
      return false;
  }
}

/**
 * How much the counters in a value have grown since `before`; what is no counter (a name beside it) is as it is now. A counter
 * that wrapped around has grown by what is left to its width and the rest; one that is far below where it was has begun anew.
 */
export function growth(shape: Shape, now: BpfValue, before: BpfValue | undefined): BpfValue {
  if (before === undefined) return now;
  switch (shape.kind) {
    case "integer":
      return integerGrowth(shape.bits, now as number | bigint, before as number | bigint);
    case "array":
      return (now as BpfValue[]).map((item, index) =>
        growth(shape.element, item, (before as BpfValue[])[index]),
      );
    case "struct":
      return combine(shape.members, now, before, growth);
    default:
      return now;
  }
}

/** Of several largest values the largest is one, of several smallest the smallest; a 0 is none yet. */
const LARGEST = /(?:^|_)max(?:_|$)/i;
const SMALLEST = /(?:^|_)min(?:_|$)/i;

/** One of two values, of two CPUs or two looks, by the name of the member that holds them; undefined for what adds up. */
function extreme(name: string, one: BpfValue, other: BpfValue | undefined): BpfValue | undefined {
  const [largest, smallest] = [LARGEST.test(name), SMALLEST.test(name)];
  if ((!largest && !smallest) || !isNumber(one) || !isNumber(other)) return undefined;
  if (largest) return one > other ? one : other;
  return Number(other) === 0 || (Number(one) !== 0 && one < other) ? one : other;
}

function isNumber(value: BpfValue | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** Adds up two values of counters; of members called `max` and `min` the largest and the smallest counts. */
export function sum(shape: Shape, one: BpfValue, other: BpfValue | undefined): BpfValue {
  if (other === undefined) return one;
  switch (shape.kind) {
    case "integer":
      return add(one as number | bigint, other as number | bigint);
    case "array":
      return (one as BpfValue[]).map((item, index) => sum(shape.element, item, (other as BpfValue[])[index]));
    case "struct":
      return combine(shape.members, one, other, sum, extreme);
    default:
      return one;
  }
}

/** Whether nothing was counted. */
export function isZero(shape: Shape, value: BpfValue): boolean {
  switch (shape.kind) {
    case "integer":
      return Number(value) === 0;
    case "array":
      return (value as BpfValue[]).every((item) => isZero(shape.element, item));
    case "struct":
      return shape.members.every(({ name, shape }) => isZero(shape, (value as Struct)[name] ?? 0));
    default:
      return true;
  }
}

type Struct = { readonly [member: string]: BpfValue };
type Members = readonly { readonly name: string; readonly shape: Shape }[];

function combine(
  members: Members,
  one: BpfValue,
  other: BpfValue,
  how: (shape: Shape, one: BpfValue, other: BpfValue | undefined) => BpfValue,
  byName: (name: string, one: BpfValue, other: BpfValue | undefined) => BpfValue | undefined = () =>
    undefined,
): BpfValue {
  const result: Record<string, BpfValue> = Object.create(null);
  for (const { name, shape } of members) {
    const [here, there] = [(one as Struct)[name] ?? 0, (other as Struct)[name]];
    result[name] = byName(name, here, there) ?? how(shape, here, there);
  }
  return result;
}

function integerGrowth(bits: number, now: number | bigint, before: number | bigint): number | bigint {
  if (typeof now === "bigint" || typeof before === "bigint") {
    const grown = BigInt.asUintN(bits, BigInt(now) - BigInt(before));
    return now >= before || grown < 1n << BigInt(bits - 1) ? grown : now;
  }
  const grown = now >= before ? now - before : now - before + 2 ** bits;
  return now >= before || grown < 2 ** (bits - 1) ? grown : now;
}

function add(one: number | bigint, other: number | bigint): number | bigint {
  return typeof one === "number" && typeof other === "number" ? one + other : BigInt(one) + BigInt(other);
}
