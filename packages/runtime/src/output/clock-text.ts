/** Local time of day, `HH:MM:SS`. */
export function clockText(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The same of nanoseconds since 1970. */
export function clockOf(time: bigint): string {
  return clockText(new Date(Number(time / 1_000_000n)));
}

let isoSecond = -1n;
let isoPrefix = "";

/** Nanoseconds since 1970 as RFC 3339 text in UTC. Many events share a second: its text is made once. */
export function isoText(time: bigint): string {
  const second = time / 1_000_000_000n;
  if (second !== isoSecond) {
    const date = new Date(Number(second) * 1000);
    // Beyond what a Date can hold only a broken clock goes.
    if (Number.isNaN(date.getTime())) return String(time);
    isoSecond = second;
    isoPrefix = date.toISOString().slice(0, -5);
  }
  return `${isoPrefix}.${String(time % 1_000_000_000n).padStart(9, "0")}Z`;
}
