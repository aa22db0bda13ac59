import { type FoldedStack, foldedName } from "./folded.ts";
import { FRAME_KINDS, type FrameKind, mainValue, type Profile } from "./profile.ts";

/**
 * A frame of a flame graph and all that it called, as the page has it: name, kind (index in FRAME_KINDS), value, value of the
 * other run, children. Arrays, because there are many.
 */
export type FlameNode = [name: string, kind: number, value: number, before: number, children: FlameNode[]];

interface Growing {
  readonly name: string;
  readonly kind: FrameKind;
  value: bigint;
  before: bigint;
  readonly children: Map<string, Growing>;
}

/** The stacks of a run, put together where they begin alike, beside those of another run when there is one. */
export function flameTree(profile: Profile, before: readonly FoldedStack[] = []): FlameNode {
  const root = growing("all", "process");
  for (const sample of profile.samples) {
    const value = mainValue(profile, sample);
    let at = root;
    at.value += value;
    for (const { name, kind } of sample.frames) {
      at = child(at, name, kind);
      at.value += value;
    }
  }
  for (const { names, count } of before) {
    let at = root;
    at.before += count;
    for (const [depth, name] of names.entries()) {
      // Text does not say of what kind a frame was.
      at = child(at, name, depth === 0 ? "process" : "unknown");
      at.before += count;
    }
  }
  return nodeOf(root);
}

function growing(name: string, kind: FrameKind): Growing {
  return { name, kind, value: 0n, before: 0n, children: new Map() };
}

function child(parent: Growing, name: string, kind: FrameKind): Growing {
  const folded = foldedName(name);
  const known = parent.children.get(folded);
  if (known !== undefined) return known;
  const made = growing(name, kind);
  parent.children.set(folded, made);
  return made;
}

function nodeOf({ name, kind, value, before, children }: Growing): FlameNode {
  const inner = [...children.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  return [name, FRAME_KINDS.indexOf(kind), Number(value), Number(before), inner.map(nodeOf)];
}
