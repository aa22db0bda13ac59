/** One bit, or several, that have a name. */
export interface NamedBits {
  readonly name: string;
  readonly value: bigint;
}

/** Names of as many bits as possible first, so that a name for two bits is not taken apart; the rest in hexadecimal. */
export function flagsText(bits: bigint, table: readonly NamedBits[]): string {
  if (bits === 0n) return table.find(({ value }) => value === 0n)?.name ?? "0";
  const names: NamedBits[] = [];
  let rest = bits;
  for (const flag of [...table].sort((a, b) => bitCount(b.value) - bitCount(a.value))) {
    if (flag.value <= 0n || (rest & flag.value) !== flag.value) continue;
    names.push(flag);
    rest &= ~flag.value;
  }
  const shown = names.sort((a, b) => (a.value < b.value ? -1 : 1)).map(({ name }) => name);
  return [...shown, ...(rest === 0n ? [] : [`0x${rest.toString(16)}`])].join("|");
}

function bitCount(value: bigint): number {
  let count = 0;
  for (let rest = value; rest > 0n; rest &= rest - 1n) count++;
  return count;
}
