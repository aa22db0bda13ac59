import { type BpfValue, MalformedError } from "@skep/bpf";
import { isJsonObject, type JsonObject, type PackageMeta } from "@skep/package";
import { type Symbolized, type Symbolizer, symbolSource, symbolText } from "@skep/symbols";
import { integerOf } from "../formats/numbers.ts";
import { looksLikeTrace, TRACE_MEMBERS } from "../shapes/trace-members.ts";
import { escapeText } from "./escape.ts";
import type { EventKind, View } from "./view.ts";

/** `@interpreter {"stack_trace": …}` of a buffer: its records are stacks. */
export interface StackTraceNote {
  /** What the members are called that hold what a stack trace shows, by eunomia's names for them. */
  readonly fields: Readonly<Record<Field, string>>;
  readonly withSymbols: boolean;
}

type Field = (typeof TRACE_MEMBERS)[number];

/** What records are taken for that have all these members and no view of their own. */
const USUAL = noteOf({});

/** By the name of the buffer. */
export function stackTraceNotes(meta: PackageMeta): ReadonlyMap<string, StackTraceNote> {
  return new Map(
    meta.bpf_skel.maps.flatMap(({ name, intepreter }): [string, StackTraceNote][] => {
      const trace = isJsonObject(intepreter) ? intepreter.stack_trace : undefined;
      return isJsonObject(trace) ? [[name, noteOf(trace)]] : [];
    }),
  );
}

/** How the records of a buffer are shown as stack traces; undefined when they are none. */
export function traceNoteOf(
  { source, shape, layout }: EventKind,
  notes: ReadonlyMap<string, StackTraceNote>,
): StackTraceNote | undefined {
  const usual = layout === undefined && shape.kind === "struct" && looksLikeTrace(shape.members);
  return notes.get(source) ?? (usual ? USUAL : undefined);
}

function noteOf({ field_map: map, with_symbols: withSymbols }: JsonObject): StackTraceNote {
  const names = isJsonObject(map) ? map : {};
  const nameOf = (field: Field) => {
    const name = names[field];
    return [field, typeof name === "string" ? name : field] as const;
  };
  return {
    fields: Object.fromEntries(TRACE_MEMBERS.map(nameOf)) as Record<Field, string>,
    withSymbols: withSymbols !== false,
  };
}

type Struct = { readonly [member: string]: BpfValue };

/** A stack for each record, kernel and user frames numbered from the innermost. @throws {MalformedError} for missing members */
export function stackTraceView(kind: EventKind, note: StackTraceNote, symbols: Symbolizer): View {
  const members = kind.shape.kind === "struct" ? kind.shape.members.map(({ name }) => name) : [];
  const absent = TRACE_MEMBERS.map((field) => note.fields[field]).find((name) => !members.includes(name));
  if (absent !== undefined)
    throw new MalformedError(
      `@interpreter of map ${kind.source}: its records have no member ${absent}`,
      'say with "field_map" what the members are called',
    );
  return {
    header: undefined,
    row(event) {
      const value = (field: Field) => (event as Struct)[note.fields[field]] ?? 0;
      const pid = Number(integerOf(value("pid")) ?? 0);
      const name = (addresses: readonly bigint[], user: boolean) =>
        user ? symbols.userStacks(pid, [addresses])[0] : symbols.kernelStacks([addresses])[0];
      const frames = (field: "kstack" | "ustack") => {
        const addresses = addressesOf(value(field), value(`${field}_sz`));
        const names = note.withSymbols ? name(addresses, field === "ustack") : undefined;
        return addresses.map((address, index) => frameText(index, address, names?.[index]));
      };
      return [
        `COMM: ${escapeText(String(value("comm")))} (pid=${pid}) @ CPU ${integerOf(value("cpu_id")) ?? 0}`,
        ...titled("Kernel:", "No Kernel Stack", frames("kstack")),
        ...titled("Userspace:", "No Userspace Stack", frames("ustack")),
        "",
      ].join("\n");
    },
  };
}

function titled(title: string, none: string, frames: readonly string[]): readonly string[] {
  return frames.length === 0 ? [none] : [title, ...frames];
}

function frameText(index: number, address: bigint, symbol: Symbolized | undefined): string {
  const at = `  ${index} [<${address.toString(16).padStart(16, "0")}>]`;
  if (symbol === undefined) return at;
  const source = symbolSource(symbol);
  const name = escapeText(symbolText(symbol));
  return source === undefined ? `${at} ${name}` : `${at} ${name} ${escapeText(source)}`;
}

/** `size` is in bytes, or negative: why there is no stack. */
function addressesOf(stack: BpfValue, size: BpfValue): readonly bigint[] {
  const count = Math.max(0, Math.floor(Number(integerOf(size) ?? 0) / 8));
  const addresses = Array.isArray(stack) ? stack.slice(0, count) : [];
  return addresses.map((item) => BigInt.asUintN(64, BigInt(integerOf(item) ?? 0)));
}
