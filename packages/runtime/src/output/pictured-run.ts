/** The run that a picture is of. */
export interface PicturedRun {
  /** `profile --pid 42`. */
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly begin: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** `2026-11-20 15:14:31 UTC, 4.5 s`. */
export function whenText({ begin, duration }: PicturedRun): string {
  const [date = "", time = ""] = new Date(begin).toISOString().split(/[T.]/);
  return `${date} ${time} UTC, ${(duration / 1000).toFixed(1)} s`;
}
