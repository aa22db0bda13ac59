/** Local time of day, `HH:MM:SS`. */
export function clockText(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same of nanoseconds since 1970. */
export function clockOf(time: bigint): string {
  return clockText(new Date(Number(time / 1_000_000n)));
}

/** Nanoseconds since 1970 as RFC 3339 text in UTC. */
export function isoText(time: bigint): string {
  const date = new Date(Number(time / 1_000_000_000n) * 1000);
  return Number.isNaN(date.getTime())
    ? String(time)
    : `${date.toISOString().slice(0, -5)}.${String(time % 1_000_000_000n).padStart(9, "0")}Z`;
}
