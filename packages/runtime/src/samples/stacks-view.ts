import type { BpfObject } from "@skep/bpf";
import { type Symbolized, type Symbolizer, symbolName, symbolSource, symbolText } from "@skep/symbols";
import type { ColumnOptions } from "../output/columns.ts";
import { escapeText } from "../output/escape.ts";
import { foldedLines } from "../profiles/folded.ts";
import type { Frame } from "../profiles/profile.ts";
import { NO_ANNOTATIONS } from "../shapes/annotations.ts";
import type { MemberShape, Shape } from "../shapes/shape.ts";
import { entryKind, entryRecord } from "./entry-kind.ts";
import { mergedStacks } from "./merged-stacks.ts";
import type { SampledMap } from "./sampled-maps.ts";
import type { ShownSample, StackShow } from "./shown-sample.ts";
import { StackColumns } from "./stack-columns.ts";
import type { StackMember } from "./stack-members.ts";
import { type Stack, type StackEntry, StackReader } from "./stack-reader.ts";
import { StackTotals } from "./stack-totals.ts";

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
): Pick<ShownSample, "kind" | "records" | "table" | "stacks"> {
  const { annotations = NO_ANNOTATIONS, warn = () => {} } = options;
  const reader = new StackReader(object, sampled, shapes, annotations, symbols, warn);
  const kind = entryKind(sampled, shapes, options, recordMembers(reader.members));
  const columns = new StackColumns(sampled, reader.members, kind.columns, annotations, shapes.value);
  const stacks: StackShow = {
    read: (entries) => reader.read(entries),
    counts: (entry) => columns.values(entry).some((value) => value !== 0n),
    merge: (entries) => mergedStacks(entries, shapes.value, (entry) => columns.othersOfKey(entry)),
    gather: () => new StackTotals(reader, shapes.value, sampled.clear),
    records: (entries) => entries.map((entry) => recordOf(entry, reader.members)),
    table: (entries) => entries.flatMap((entry) => indented(entry, columns)),
    folded: (entries) =>
      foldedLines(
        entries.map((found) => ({ frames: framesOf(found), count: columns.mainValue(found.entry) })),
      ),
    profile: (entries, about) => ({
      ...about,
      types: columns.types,
      main: columns.main,
      samples: entries.map((found) => ({
        frames: framesOf(found),
        values: columns.values(found.entry),
        pid: found.pid,
      })),
    }),
  };
  return {
    kind,
    stacks,
    records: (entries) => stacks.records(reader.read(entries)),
    table: () => ({ header: undefined, lines: (entries) => stacks.table(reader.read(entries)) }),
  };
}

function recordOf({ entry, stacks }: StackEntry, members: readonly StackMember[]) {
  const none = members.map(({ kind }) => [kind, []] as const);
  const some = stacks.map((stack) => [stack.kind, textsOf(stack)] as const);
  return { ...entryRecord(entry), stacks: Object.fromEntries([...none, ...some]) };
}

/** Frames with the innermost first, the kernel's above those of the process, whose it is, and how often. */
function indented({ entry, stacks, comm, pid }: StackEntry, columns: StackColumns): string[] {
  const frames = stacks.map((stack) => textsOf(stack).map((text) => `    ${text}`));
  const owner = [...ownerOf(comm, pid), ...columns.othersOfKey(entry)];
  return [
    ...frames.flatMap((lines, index) => (index === 0 ? lines : ["    --", ...lines])),
    ...(owner.length === 0 ? [] : [`    ${"-".padEnd(16)} ${owner.join(" ")}`]),
    `        ${columns.valueText(entry)}`,
    "",
  ];
}

/** `bash (1234)`, or what is known of it: memory, for one, is said to be of a process or of the kernel, which is 0. */
function ownerOf(comm: string | undefined, pid: number | undefined): string[] {
  if (comm !== undefined) return [escapeText(comm), ...(pid === undefined ? [] : [`(${pid})`])];
  if (pid === undefined) return [];
  return [pid === 0 ? "kernel" : `process ${pid}`];
}

function textsOf({ frames }: Stack): string[] {
  return frames === undefined ? [LOST] : frames.map((frame) => escapeText(frameText(frame)));
}

/** `function+0x12`, and the line of the source where debug information tells it. */
function frameText(frame: Symbolized): string {
  const source = symbolSource(frame);
  return source === undefined ? symbolText(frame) : `${symbolText(frame)} ${source}`;
}

/** The outermost first: the process, its own frames, and those of the kernel that it called. */
function framesOf({ stacks, comm }: StackEntry): Frame[] {
  return [
    ...(comm === undefined ? [] : [{ kind: "process", name: escapeText(comm) } as const]),
    ...stacks.toReversed().flatMap((stack) => stackFrames(stack).reverse()),
  ];
}

function stackFrames({ kind, frames }: Stack): Frame[] {
  if (frames === undefined) return [{ kind: "unknown", name: LOST }];
  return frames.map((symbol) => ({
    kind: kindOf(kind, symbol),
    name: escapeText(symbolName(symbol)),
    module: symbol.module,
    ...sourceOf(symbol),
  }));
}

function kindOf(kind: Stack["kind"], symbol: Symbolized): Frame["kind"] {
  if (kind === "kernel") return "kernel";
  if (symbol.kind === "missing") return "unknown";
  return symbol.module === undefined ? "jit" : "user";
}

/** Where in a source, as far as somebody knows. */
function sourceOf(symbol: Symbolized): Partial<Frame> {
  return symbol.kind === "found" && symbol.source !== undefined
    ? { file: symbol.source.file, line: symbol.source.line }
    : {};
}
