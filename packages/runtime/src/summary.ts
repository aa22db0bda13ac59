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

/** One line for standard error. */
export function summaryText(name: string, tally: Tally): string {
  const { events, looks } = tally;
  const shown = [
    ...(looks === undefined ? [] : [counted(looks, "look", "looks")]),
    ...(looks === undefined || events > 0 ? [counted(events, "event", "events")] : []),
  ];
  return `${name}: ${shown.join(", ")}, ${tally.lost} lost, in ${(tally.milliseconds / 1000).toFixed(1)} s`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
