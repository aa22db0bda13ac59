type Scale = readonly (readonly [size: number, word: string])[];

const COUNTS: Scale = [
  [1e12, "T"],
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];
const TIMES: Scale = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "us"],
  [1, "ns"],
];
const SIZES: Scale = [
  [2 ** 40, "TiB"],
  [2 ** 30, "GiB"],
  [2 ** 20, "MiB"],
  [2 ** 10, "KiB"],
  [1, "B"],
];

/** How units of histograms may be called → what larger units there are, and how many of the smallest one is. */
const UNITS: readonly (readonly [name: RegExp, scale: Scale, size: number])[] = [
  [/^n(?:ano)?s(?:ec(?:ond)?s?)?$/i, TIMES, 1],
  [/^(?:u|µ|micro)s(?:ec(?:ond)?s?)?$/i, TIMES, 1e3],
  [/^m(?:illi)?s(?:ec(?:ond)?s?)?$/i, TIMES, 1e6],
  [/^s(?:ec(?:ond)?s?)?$/i, TIMES, 1e9],
  [/^bytes?$/i, SIZES, 1],
  [/^(?:kbytes?|kib|kb)$/i, SIZES, 2 ** 10],
];

/** `16.4ms` for 16,384 `usecs`, `8KiB`; a plain number in units that nobody knows. Three digits that count. */
export function valueText(value: bigint, unit: string): string {
  if (value === 0n) return "0";
  const [, scale, size] = UNITS.find(([name]) => name.test(unit)) ?? [undefined, COUNTS, 1];
  return scaled(Number(value) * size, scale);
}

/** `12.3k`: as a label; up to 9,999 exact. */
export function countText(count: bigint): string {
  return count < 10_000n ? String(count) : scaled(Number(count), COUNTS);
}

function scaled(value: number, scale: Scale): string {
  // What would be rounded up to the next unit belongs to it.
  const [size, word] = scale.find(([size]) => Math.abs(value) >= size * 0.9995) ?? [1, ""];
  return `${Number((value / size).toPrecision(3))}${word}`;
}
