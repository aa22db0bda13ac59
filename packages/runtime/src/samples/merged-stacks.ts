import type { Shape } from "../shapes/shape.ts";
import { sum } from "./counters.ts";
import type { StackEntry } from "./stack-reader.ts";

/**
 * Entries whose stacks lead through the same functions, put together: where in a function a sample was taken says little, and
 * makes many entries of one. `othersOfKey` tells apart what is not in the stacks.
 */
export function mergedStacks(
  entries: readonly StackEntry[],
  value: Shape,
  othersOfKey: (entry: StackEntry["entry"]) => readonly string[],
): readonly StackEntry[] {
  const merged = new Map<string, StackEntry>();
  for (const found of entries) {
    const stacks = found.stacks.map(({ kind, frames }) => ({ kind, frames: frames?.map(withoutOffset) }));
    const names = stacks.map(({ kind, frames }) => [kind, ...(frames ?? ["lost"]).map(nameOf)]);
    const id = JSON.stringify([found.comm, found.pid, othersOfKey(found.entry), names]);
    const before = merged.get(id);
    const total = sum(value, found.entry.value, before?.entry.value);
    merged.set(id, { ...found, stacks, entry: { ...found.entry, value: total } });
  }
  return [...merged.values()];
}

type Frame = NonNullable<StackEntry["stacks"][number]["frames"]>[number];

/** The function alone: neither where in it, nor on which line. */
function withoutOffset(frame: Frame): Frame {
  if (frame.kind === "missing") return frame;
  const { source, ...found } = frame;
  // Of code made at run time the line is that where the function begins, and tells functions of one name apart.
  return { ...found, offset: 0n, ...(source === undefined || frame.module !== undefined ? {} : { source }) };
}

function nameOf(frame: Frame | string): string {
  if (typeof frame === "string") return frame;
  if (frame.kind === "missing") return `${frame.module} ${frame.offset}`;
  return `${frame.name} ${frame.source?.file} ${frame.source?.line}`;
}
