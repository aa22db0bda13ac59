import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { HOST_IS_LITTLE_ENDIAN } from "@skep/bpf";
import { REAL_TIME_MAX, REAL_TIME_MIN } from "../formats/signal.ts";
import { UsageError } from "../usage-error.ts";
import type { ValueTaker } from "./flag-value.ts";

/**
 * Reads a value in the words of a format: the inverse of showing it. Undefined when the text is not in those words, and a
 * plain number is expected.
 */
type ReadWritten = (text: string, words: readonly string[], flag: ValueTaker) => bigint | undefined;

const WRITTEN: Readonly<Record<string, ReadWritten>> = {
  duration: (text, [unit = "ns"], flag) => durationIn(unit, text, flag),
  bytes: (text, _, flag) => bytesOf(text, flag),
  port: (text, [order], flag) => (order === "host" ? undefined : networkPort(text, flag)),
  ip: (text) => networkAddress(text),
  uid: (text) => userId(text),
  signal: (text, _, flag) => signalNumber(text, flag),
  errno: (text) => named(constants.errno, text),
  octal: (text, _, flag) => octal(text, flag),
  mode: (text, _, flag) => octal(text, flag),
  boolean: (text) => (text === "true" ? 1n : text === "false" ? 0n : undefined),
  char: (text) => (/^[^0-9]$/u.test(text) ? BigInt(text.codePointAt(0) ?? 0) : undefined),
};

/** What the text means in the words of `@format`, or undefined when it is a plain number. @throws {UsageError} */
export function writtenValue(flag: ValueTaker, format: string, text: string): bigint | undefined {
  const [word = "", ...words] = format.split(/\s+/);
  return Object.hasOwn(WRITTEN, word) ? WRITTEN[word]?.(text, words, flag) : undefined;
}

/** What the words of a format say: for help (`TIME`), for messages (`a time`), and an example of them. */
export interface WrittenKind {
  readonly word: string;
  readonly kind: string;
  readonly example: string;
}

const KINDS: Readonly<Record<string, WrittenKind>> = {
  duration: { word: "TIME", kind: "a time", example: "10ms" },
  bytes: { word: "SIZE", kind: "a size", example: "64k" },
  port: { word: "PORT", kind: "a port", example: "443" },
  ip: { word: "ADDRESS", kind: "an address", example: "10.0.0.1" },
  uid: { word: "USER", kind: "a user", example: "root" },
  signal: { word: "SIGNAL", kind: "a signal", example: "SIGTERM" },
  errno: { word: "ERROR", kind: "an error", example: "ENOENT" },
};

/** Of a value that has words of its own, besides being a number. */
export function writtenKind(format: string | undefined): WrittenKind | undefined {
  const [word = ""] = format?.split(/\s+/) ?? [];
  return Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
}

/** Nanoseconds; smallest first, and of the same size last what is easier to type. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  µs: 1_000n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** `1m30s` and `1.5ms` as a number of `unit`s. */
function durationIn(unit: string, text: string, flag: ValueTaker): bigint | undefined {
  const nanoseconds = parseDuration(text);
  const size = UNITS[unit];
  if (nanoseconds === undefined || size === undefined) return undefined;
  if (nanoseconds % size === 0n) return nanoseconds / size;
  throw new UsageError(
    `--${flag.name}: ${text} is not a whole number of ${unit}`,
    `give a duration of at least 1${unit}`,
  );
}

/** Nanoseconds of a text such as `10ms` or `1h30m`; undefined when it has no unit, or is none. */
export function parseDuration(text: string): bigint | undefined {
  const parts = /^(?:\d{1,18}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h|d))+$/.test(text)
    ? text.match(/[\d.]+[a-zµ]+/g)
    : null;
  if (parts === null) return undefined;
  return parts.reduce((sum, part) => {
    const [, amount = "0", unit = "ns"] = /^([\d.]+)(\D+)$/.exec(part) ?? [];
    return sum + scaled(amount, UNITS[unit] ?? 1n);
  }, 0n);
}

/** `1.5` of a thousand is 1500, exactly. What is below one is cut off. */
function scaled(amount: string, unit: bigint): bigint {
  const [whole = "0", fraction = ""] = amount.split(".");
  return BigInt(whole) * unit + (BigInt(fraction || "0") * unit) / 10n ** BigInt(fraction.length);
}

/** Powers of 1024, as shown by the format. */
const SIZES = ["", "k", "m", "g", "t", "p"];

function bytesOf(text: string, flag: ValueTaker): bigint | undefined {
  const match = /^(\d{1,18}(?:\.\d{1,9})?)([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null || /^\d+$/.test(text)) return undefined;
  const [, amount = "0", suffix = ""] = match;
  const unit = 1024n ** BigInt(SIZES.indexOf(suffix.toLowerCase()));
  const bytes = scaled(amount, unit);
  const [, fraction = ""] = amount.split(".");
  if (bytes * 10n ** BigInt(fraction.length) === scaled(amount.replace(".", ""), unit)) return bytes;
  throw new UsageError(`--${flag.name}: ${text} is not a whole number of bytes`, "give a size such as 64k");
}

/** A time or size as one would write it: `10ms` of 10000 us. Any other value, and 0, as it is. */
export function writtenText(format: string | undefined, text: string): string {
  const [word = "", unit = "ns"] = format?.split(/\s+/) ?? [];
  if (!/^[1-9]\d*$/.test(text)) return text;
  if (word === "duration") return inLargest(BigInt(text) * (UNITS[unit] ?? 1n), Object.entries(UNITS));
  if (word === "bytes")
    return inLargest(
      BigInt(text),
      SIZES.map((suffix, index) => [suffix, 1024n ** BigInt(index)]),
    );
  return text;
}

/** In the largest unit, of those given in order, of which it is a whole number. */
function inLargest(value: bigint, units: readonly (readonly [name: string, size: bigint])[]): string {
  const [name, size] = units.findLast(([, size]) => value % size === 0n) ?? ["", 1n];
  return `${value / size}${name}`;
}

/** As chmod takes it: `644` is 0644. */
function octal(text: string, flag: ValueTaker): bigint | undefined {
  if (!/^\d{1,22}$/.test(text)) return undefined;
  if (/^[0-7]+$/.test(text)) return BigInt(`0o${text}`);
  throw new UsageError(`--${flag.name}: ${text} is not octal`, "give digits from 0 to 7, or 0x hexadecimal");
}

/** The variable holds it in network order: the number that a little-endian machine reads there. */
function networkPort(text: string, flag: ValueTaker): bigint | undefined {
  if (!/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  if (port > 0xffff) throw new UsageError(`--${flag.name}: there is no port ${text}`, "give 0 to 65535");
  return BigInt(
    new DataView(Uint8Array.of(port >> 8, port & 0xff).buffer).getUint16(0, HOST_IS_LITTLE_ENDIAN),
  );
}

function networkAddress(text: string): bigint | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return BigInt(new DataView(Uint8Array.from(parts).buffer).getUint32(0, HOST_IS_LITTLE_ENDIAN));
}

/** The id of a user of this machine. */
export function userId(name: string): bigint | undefined {
  if (/^-?\d/.test(name)) return undefined;
  try {
    const line = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((entry) => entry.startsWith(`${name}:`));
    const uid = line?.split(":")[2];
    return uid === undefined ? undefined : BigInt(uid);
  } catch {
    return undefined;
  }
}

/** `SIGTERM`, `TERM`, `SIGRTMIN+3`, `SIGRTMAX-1`. */
function signalNumber(text: string, flag: ValueTaker): bigint | undefined {
  if (/^\d+$/.test(text) && Number(text) > REAL_TIME_MAX)
    throw new UsageError(
      `--${flag.name}: there is no signal ${text}`,
      `give 0 to ${REAL_TIME_MAX}, or a name`,
    );
  const name = text.replace(/^(?!SIG)/, "SIG");
  const [, end, sign, distance = "0"] = /^SIGRT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name) ?? [];
  if (end === undefined) return named(constants.signals, name);
  const number = (end === "MIN" ? REAL_TIME_MIN : REAL_TIME_MAX) + Number(distance) * (sign === "-" ? -1 : 1);
  return number >= REAL_TIME_MIN && number <= REAL_TIME_MAX ? BigInt(number) : undefined;
}

function named(names: object, text: string): bigint | undefined {
  const value = Object.hasOwn(names, text) ? (names as Readonly<Record<string, unknown>>)[text] : undefined;
  return typeof value === "number" ? BigInt(value) : undefined;
}
