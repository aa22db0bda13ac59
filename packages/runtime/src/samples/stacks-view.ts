import type { BpfObject } from "@skep/bpf";
import { type Symbolized, type Symbolizer, symbolName, symbolText } from "@skep/symbols";
import { NO_ANNOTATIONS } from "../annotations.ts";
import type { Column, ColumnOptions } from "../columns.ts";
import { escapeText } from "../escape.ts";
import { integerOf } from "../formats/numbers.ts";
import type { MemberShape, Shape } from "../shape.ts";
import { entryKind, entryRecord } from "./entry-kind.ts";
import type { Entry } from "./map-reader.ts";
import type { SampledMap } from "./sampled-maps.ts";
import type { ShownSample } from "./shown-sample.ts";
import type { StackMember } from "./stack-members.ts";
import { type Stack, type StackEntry, StackReader } from "./stack-reader.ts";

/** Stands for a stack that had no place in the stack map. */
const LOST = "[lost stack]";

const FRAMES: Shape = { kind: "array", element: { kind: "string", size: 256 }, length: 0 };

/** What stacks add to the record of their entry: `"stacks": {"kernel": ["innermost", …], "user": […]}`. */
function recordMembers(members: readonly StackMember[]): readonly MemberShape[] {
  const kinds = [...new Set(members.map(({ kind }) => kind))];
  const inner = kinds.map((name) => ({ name, shape: FRAMES }));
  return [{ name: "stacks", shape: { kind: "struct", members: inner } }];
}

/** The ways to show a map of stacks. @throws {MalformedError} {NotImplementedError} when it holds none that can be shown */
export function showStacks(
  object: BpfObject,
  sampled: SampledMap,
  shapes: { readonly key: Shape; readonly value: Shape },
  options: ColumnOptions,
  symbols: Symbolizer,
): Pick<ShownSample, "kind" | "records" | "table" | "folded"> {
  const reader = new StackReader(object, sampled, shapes, options.annotations ?? NO_ANNOTATIONS, symbols);
  const kind = entryKind(sampled, shapes, options, recordMembers(reader.members));
  const count = countOf(sampled, reader, kind.columns);
  return {
    kind,
    records: (entries) =>
      reader.read(entries).map(({ entry, stacks }) => ({
        ...entryRecord(entry),
        stacks: Object.fromEntries(stacks.map((stack) => [stack.kind, textsOf(stack, symbolText)])),
      })),
    table: () => ({
      header: undefined,
      lines: (entries) =>
        reader.read(entries).flatMap((entry) => indented(entry, count(entry.entry), sampled.unit)),
    }),
    folded: () => ({ header: undefined, lines: (entries) => folded(reader.read(entries), count) }),
  };
}

/** The number that belongs to a stack: what the package sorts by, or else the first number of the value. */
function countOf({ sort }: SampledMap, { members }: StackReader, columns: readonly Column[]) {
  const numbers = columns.filter(
    ({ path, shape }) =>
      path[0] === "value" &&
      shape.kind === "integer" &&
      !members.some((member) => member.path.join() === path.join()),
  );
  const wanted = sort?.replace(/^[-+]/, "");
  const column = numbers.find(({ name }) => name === wanted) ?? numbers[0];
  return (entry: Entry): bigint =>
    column === undefined ? 1n : BigInt(integerOf(column.value(entryRecord(entry))) ?? 0);
}

/** Frames with the innermost first, the kernel's above those of the process, whose it is, and how often. */
function indented({ stacks, comm, pid }: StackEntry, count: bigint, unit: string): string[] {
  const frames = stacks.map((stack) => textsOf(stack, symbolText).map((text) => `    ${text}`));
  const owner = [
    ...(comm === undefined ? [] : [escapeText(comm)]),
    ...(pid === undefined ? [] : [`(${pid})`]),
  ];
  return [
    ...frames.flatMap((lines, index) => (index === 0 ? lines : ["    --", ...lines])),
    ...(owner.length === 0 ? [] : [`    ${"-".padEnd(16)} ${owner.join(" ")}`]),
    `        ${count}${unit === "(unit)" ? "" : ` ${unit}`}`,
    "",
  ];
}

/** `comm;outermost;…;innermost count`, stacks that read the same counted together, the most frequent first. */
function folded(entries: readonly StackEntry[], count: (entry: Entry) => bigint): string[] {
  const counts = new Map<string, bigint>();
  for (const { entry, stacks, comm } of entries) {
    // From the outside inwards the process comes before the kernel that it called.
    const frames = stacks.toReversed().flatMap((stack) => textsOf(stack, symbolName).reverse());
    const line = [...(comm === undefined ? [] : [escapeText(comm)]), ...frames]
      .map((frame) => frame.replaceAll(";", ":"))
      .join(";");
    counts.set(line, (counts.get(line) ?? 0n) + count(entry));
  }
  return [...counts]
    .sort(([, one], [, other]) => (one < other ? 1 : one > other ? -1 : 0))
    .map(([line, count]) => `${line} ${count}`);
}

function textsOf({ frames }: Stack, text: (symbol: Symbolized) => string): string[] {
  return frames === undefined ? [LOST] : frames.map((frame) => escapeText(text(frame)));
}
