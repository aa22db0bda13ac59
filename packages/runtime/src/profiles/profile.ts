import type { PicturedRun } from "../output/pictured-run.ts";

/** What a frame of a stack is code of. `process` is the name of the command, which stands below all its frames. */
export const FRAME_KINDS = ["process", "user", "jit", "kernel", "unknown"] as const;
export type FrameKind = (typeof FRAME_KINDS)[number];

/** One frame of a stack, for tools that draw stacks. */
export interface Frame {
  readonly kind: FrameKind;
  readonly name: string;
  /** Program, library or kernel module that holds the code. */
  readonly module?: string | undefined;
  /** Source. */
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/** What is counted, and in what: `{ name: "total_ns", unit: "nanoseconds" }`. */
export interface ValueType {
  readonly name: string;
  readonly unit: ValueUnit;
}

export type ValueUnit = "count" | "bytes" | "nanoseconds" | "microseconds" | "milliseconds" | "seconds";

export interface ProfileSample {
  /** The outermost first. */
  readonly frames: readonly Frame[];
  /** One for each type of the profile. */
  readonly values: readonly bigint[];
  readonly pid?: number | undefined;
}

/** What was counted by stack in a run. */
export interface Profile extends PicturedRun {
  readonly types: readonly ValueType[];
  /** Index of the type that pictures show. */
  readonly main: number;
  readonly samples: readonly ProfileSample[];
}

/** The value that pictures show. */
export function mainValue({ main }: Profile, { values }: ProfileSample): bigint {
  return values[main] ?? 0n;
}
