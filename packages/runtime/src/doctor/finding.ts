/** Whether something is as tracing wants it: it is, it is not, it works but with less; or this process may not find out. */
export type State = "yes" | "no" | "limited" | "unknown";

/** One fact about the machine. */
export interface Finding {
  /** A word or two. */
  readonly name: string;
  readonly state: State;
  /** The fact in words. */
  readonly text: string;
  /** What can be done about it; left out where nothing needs to be. */
  readonly next?: string;
  /** The fact as a value, for machines. */
  readonly value?: string | number | boolean | readonly string[];
}
