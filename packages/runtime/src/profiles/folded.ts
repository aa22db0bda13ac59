import type { Frame } from "./profile.ts";

/** A stack as one line of text says it, the outermost frame first. */
export interface FoldedStack {
  readonly names: readonly string[];
  readonly count: bigint;
}

/** The name of a frame, in a line where semicolons part frames. */
export function foldedName(name: string): string {
  return name.replaceAll(";", ":");
}

/** `comm;outermost;…;innermost count`; stacks that read the same counted together, the largest first. */
export function foldedLines(
  stacks: Iterable<{ readonly frames: readonly Pick<Frame, "name">[]; readonly count: bigint }>,
): string[] {
  const counts = new Map<string, bigint>();
  for (const { frames, count } of stacks) {
    const line = frames.map(({ name }) => foldedName(name)).join(";");
    counts.set(line, (counts.get(line) ?? 0n) + count);
  }
  return [...counts]
    .sort(([, one], [, other]) => (one < other ? 1 : one > other ? -1 : 0))
    .map(([line, count]) => `${line} ${count}`);
}

/** Kernels take at most 127 frames of each kind unless told otherwise (kernel.perf_event_max_stack). */
const DEEPEST = 1024;

/** A number of more digits is none. */
const FOLDED = /^(.*\S)\s+(\d{1,19})$/;

/** Reads folded lines; what is none of them is left out. */
export function readFolded(text: string): FoldedStack[] {
  return text.split("\n").flatMap((line): FoldedStack[] => {
    const [, stack, count] = FOLDED.exec(line) ?? [];
    return stack === undefined || count === undefined
      ? []
      : [{ names: stack.split(";", DEEPEST), count: BigInt(count) }];
  });
}
