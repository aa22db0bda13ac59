import { columnsOf } from "../src/output/columns.ts";
import type { EventKind } from "../src/output/view.ts";
import { type Annotations, type MemberNotes, NO_ANNOTATIONS } from "../src/shapes/annotations.ts";
import type { Shape, StructShape } from "../src/shapes/shape.ts";
import { testMachine } from "./machine.ts";

export const u8: Shape = { kind: "integer", bits: 8, signed: false };
export const u16: Shape = { kind: "integer", bits: 16, signed: false };
export const u32: Shape = { kind: "integer", bits: 32, signed: false };
export const s32: Shape = { kind: "integer", bits: 32, signed: true };
export const u64: Shape = { kind: "integer", bits: 64, signed: false };
export const s64: Shape = { kind: "integer", bits: 64, signed: true };
export const comm: Shape = { kind: "string", size: 16 };
export const array = (element: Shape, length: number): Shape => ({ kind: "array", element, length });

export const struct = (members: Record<string, Shape>, name = "event"): StructShape => ({
  kind: "struct",
  name,
  members: Object.entries(members).map(([name, shape]) => ({ name, shape })),
});

/** A kind of event. `notes`: member → its format. */
export function eventKind(
  members: Record<string, Shape>,
  notes: Record<string, string | Partial<MemberNotes>> = {},
  more: Partial<EventKind> & { readonly warn?: (line: string) => void } = {},
): EventKind {
  const { warn = () => {}, ...rest } = more;
  const shape = struct(members);
  const columns = columnsOf(shape, { machine: testMachine(), annotations: annotate(notes), warn });
  const time = columns.find(({ time }) => time !== undefined);
  return { source: "events", name: "events", shape, columns, time, ...rest };
}

function annotate(notes: Record<string, string | Partial<MemberNotes>>): Annotations {
  if (Object.keys(notes).length === 0) return NO_ANNOTATIONS;
  const members = new Map(
    Object.entries(notes).map(([name, note]) => [
      name,
      {
        format: undefined,
        hidden: false,
        ignore: false,
        ...(typeof note === "string" ? { format: note } : note),
      },
    ]),
  );
  return new Map([["event", { view: undefined, kind: undefined, members }]]);
}
