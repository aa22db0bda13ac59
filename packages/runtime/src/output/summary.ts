/** What happened between the start and the end, counted everywhere something can be lost. */
export interface Tally {
  /** Events (or printk lines) shown. */
  readonly events: number;
  /** Looks at the map that was looked at most often; left out when no map is looked at. */
  readonly looks?: number | undefined;
  /** Events that the kernel side could not hand over: a full ring buffer, a full perf buffer, a full map. */
  readonly lost: number | bigint;
  readonly milliseconds: number;
}

/** One line for standard error, at the end. */
export function summaryText(name: string, tally: Tally): string {
  return `${name}: ${countsText(tally)}, in ${(tally.milliseconds / 1000).toFixed(1)} s`;
}

/** The same while it goes on, `opensnoop: 0:05 of 1:00, 12 events, 0 lost`. @param duration milliseconds, of a run that ends by itself */
export function statusText(name: string, tally: Tally, duration: number | undefined): string {
  const end = duration === undefined ? "" : ` of ${clock(duration)}`;
  return `${name}: ${clock(tally.milliseconds)}${end}, ${countsText(tally)}`;
}

function countsText({ events, looks, lost }: Tally): string {
  return [
    ...(looks === undefined ? [] : [counted(looks, "look", "looks")]),
    ...(looks === undefined || events > 0 ? [counted(events, "event", "events")] : []),
    `${lost} lost`,
  ].join(", ");
}

/** `0:05`, `1:02:03`. */
function clock(milliseconds: number): string {
  const total = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
