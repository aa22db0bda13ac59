import { type BpfValue, textOfBytes } from "@skep/bpf";
import type { StructNotes, TextPlace } from "./annotations.ts";
import type { MemberShape, Shape, StructShape } from "./shape.ts";

/** An event whose texts lie together at its end, as events that people can read. */
export interface GatheredTexts {
  readonly shape: StructShape;
  /** Puts the texts in place of where they lie. */
  gather(event: BpfValue): BpfValue;
}

type Event = Readonly<Record<string, BpfValue>>;

const TEXT: Shape = { kind: "string", size: 0 };
const TEXTS: Shape = { kind: "array", element: TEXT, length: 0 };

/**
 * A record of the length that it needs holds its texts one after the other in a last member, an array of bytes without a size.
 * Members with `@text_in` and `@texts_in` say where: the begin in the low 16 bits, the length in the high 16, as `__data_loc` in
 * the kernel's tracepoints. Undefined when a struct has none. What is wrong is told to `warn`, and the number stays a number.
 */
export function gatherTexts(
  shape: Shape,
  notes: StructNotes | undefined,
  warn: (line: string) => void,
): GatheredTexts | undefined {
  if (shape.kind !== "struct" || notes === undefined) return undefined;
  const places = shape.members.flatMap(({ name, shape: own }) => {
    const place = notes.members.get(name)?.text;
    if (place === undefined) return [];
    const problem = problemOf(own, place, shape);
    if (problem === undefined) return [{ name, ...place }];
    warn(`${name}: ${problem}: shown as it is`);
    return [];
  });
  if (places.length === 0) return undefined;
  const byName = new Map(places.map((place) => [place.name, place]));
  const holders = new Set(places.map((place) => place.within));
  const members = shape.members
    .filter(({ name }) => !holders.has(name))
    .map((member): MemberShape => {
      const place = byName.get(member.name);
      return place === undefined ? member : { ...member, shape: place.many ? TEXTS : TEXT };
    });
  return {
    shape: { ...shape, members },
    gather(event) {
      const gathered: Record<string, BpfValue> = { ...(event as Event) };
      for (const { name, within, many } of places) {
        const bytes = piece((event as Event)[within], Number((event as Event)[name] ?? 0));
        gathered[name] = many ? textsOf(bytes) : textOfBytes(bytes);
      }
      for (const holder of holders) delete gathered[holder];
      return gathered;
    },
  };
}

function problemOf(own: Shape, { within }: TextPlace, struct: StructShape): string | undefined {
  if (own.kind !== "integer" || own.bits !== 32) return "a place of text is a 32-bit integer";
  const holder = struct.members.find(({ name }) => name === within)?.shape;
  if (holder === undefined) return `there is no member ${within}`;
  return holder.kind === "array" && holder.element.kind === "integer" && holder.element.bits === 8
    ? undefined
    : `${within} is no array of bytes`;
}

/** What does not lie within the array is cut off: the place comes from a program. */
function piece(holder: BpfValue | undefined, place: number): Uint8Array {
  if (!Array.isArray(holder)) return new Uint8Array(0);
  const begin = place & 0xffff;
  return Uint8Array.from((holder as readonly number[]).slice(begin, begin + (place >>> 16)));
}

/** Texts that each end with a NUL. The last may have lost its own. */
function textsOf(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const nul = bytes.indexOf(0, at);
    const end = nul < 0 ? bytes.length : nul;
    texts.push(textOfBytes(bytes.subarray(at, end)));
    at = end + 1;
  }
  return texts;
}
