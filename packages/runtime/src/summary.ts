/** What happened between the start and the end, counted everywhere something can be lost. */
export interface Tally {
  /** Events (or printk lines) shown. */
  readonly events: number;
  /** Events that the kernel side could not hand over: a full ring buffer, a full perf buffer, a full map. */
  readonly lost: number | bigint;
  readonly milliseconds: number;
}

/** One line for standard error. */
export function summaryText(name: string, tally: Tally): string {
  const events = `${tally.events} ${tally.events === 1 ? "event" : "events"}`;
  return `${name}: ${events}, ${tally.lost} lost, in ${(tally.milliseconds / 1000).toFixed(1)} s`;
}
