import { INSTRUCTION_SIZE } from "../asm/decode.ts";
import type { Btf } from "../btf/btf.ts";
import { ByteView } from "../elf/byte-view.ts";
import { malformedObject } from "./object-file.ts";
import type { CoreRelocation, FunctionSpec } from "./object-spec.ts";

const MAGIC = 0xeb9f;
/** The header before CO-RE relocations existed, and with them (struct btf_ext_header, Documentation/bpf/btf.rst). */
const HEADER_SIZE = 24;
const HEADER_SIZE_WITH_CORE = 32;
/** 64 levels of ten digits and a colon need 704 bytes. Many records may name one huge string: each would be decoded anew. */
const MAX_ACCESS_BYTES = 1024;

/** Everything that `.BTF.ext` says about the code of one section, ordered by instruction within the section. */
export interface CodeInfo {
  readonly functions: FunctionSpec["funcInfo"];
  readonly lines: FunctionSpec["lineInfo"];
  readonly core: readonly CoreRelocation[];
}

/**
 * Parses `.BTF.ext`: by section name, with instructions counted from the section's start. Records may be longer than
 * what is known of them; what follows is skipped.
 * @throws {MalformedError}
 */
export function readBtfExt(bytes: Uint8Array, btf: Btf): ReadonlyMap<string, CodeInfo> {
  if (bytes.length === 0) return new Map();
  const view = new ByteView(bytes, btf.littleEndian);
  const magic = view.u16(0, ".BTF.ext magic");
  if (magic !== MAGIC) throw malformedObject(`.BTF.ext begins with 0x${magic.toString(16)}, not 0xeb9f`);
  const headerSize = view.u32(4, ".BTF.ext header size");
  if (headerSize < HEADER_SIZE) throw malformedObject(`.BTF.ext header of ${headerSize} bytes is too short`);
  view.require(0, headerSize, ".BTF.ext header");

  const table = (field: number, what: string): ByteView => {
    const offset = view.u32(field, what);
    const size = view.u32(field + 4, what);
    return new ByteView(view.slice(headerSize + offset, size, what), btf.littleEndian);
  };
  const functions = readRecords(table(8, "func_info"), btf, 8, "func_info", (record, at) => ({
    insn: slotAt(record, at),
    typeId: record.u32(at + 4, "func_info type"),
  }));
  const lines = readRecords(table(16, "line_info"), btf, 16, "line_info", (record, at) => ({
    insn: slotAt(record, at),
    fileNameOffset: record.u32(at + 4, "line_info file name"),
    lineOffset: record.u32(at + 8, "line_info line"),
    lineColumn: record.u32(at + 12, "line_info column"),
  }));
  const core =
    headerSize < HEADER_SIZE_WITH_CORE
      ? new Map<string, CoreRelocation[]>()
      : readRecords(table(24, "core_relo"), btf, 16, "core_relo", (record, at) => ({
          insn: slotAt(record, at),
          typeId: record.u32(at + 4, "core_relo type"),
          access: accessString(btf, record.u32(at + 8, "core_relo access string")),
          kind: record.u32(at + 12, "core_relo kind"),
        }));

  const names = new Set([...functions.keys(), ...lines.keys(), ...core.keys()]);
  return new Map(
    [...names].map((name) => [
      name,
      { functions: functions.get(name) ?? [], lines: lines.get(name) ?? [], core: core.get(name) ?? [] },
    ]),
  );
}

function accessString(btf: Btf, offset: number): string {
  const from = offset - btf.stringsStart;
  const fits = btf.stringBytes.subarray(from, from + MAX_ACCESS_BYTES).includes(0);
  if (from >= 0 && from < btf.stringBytes.length && !fits)
    throw malformedObject(`a core_relo access string is longer than ${MAX_ACCESS_BYTES} bytes`);
  return btf.string(offset);
}

/** Offsets in `.BTF.ext` are bytes of the section. */
function slotAt(record: ByteView, at: number): number {
  const offset = record.u32(at, "instruction offset");
  if (offset % INSTRUCTION_SIZE !== 0)
    throw malformedObject(`.BTF.ext refers to byte ${offset}, which begins no instruction`);
  return offset / INSTRUCTION_SIZE;
}

/** A table: the record size, then for each section its name, a count and that many records. */
function readRecords<T extends { readonly insn: number }>(
  view: ByteView,
  btf: Btf,
  leastSize: number,
  what: string,
  decode: (record: ByteView, at: number) => T,
): Map<string, T[]> {
  const tables = new Map<string, T[]>();
  if (view.length === 0) return tables;
  const recordSize = view.u32(0, `${what} record size`);
  if (recordSize < leastSize || recordSize % 4 !== 0) {
    throw malformedObject(`${what} records of ${recordSize} bytes, at least ${leastSize} expected`);
  }
  for (let at = 4; at < view.length; ) {
    const name = btf.string(view.u32(at, `${what} section name`));
    const count = view.u32(at + 4, `${what} count`);
    at += 8;
    if (count > (view.length - at) / recordSize)
      throw malformedObject(`${what} of ${count} records is cut off`);
    const records = tables.get(name) ?? [];
    for (let left = count; left > 0; left--, at += recordSize) records.push(decode(view, at));
    tables.set(name, records);
  }
  for (const records of tables.values()) records.sort((a, b) => a.insn - b.insn);
  return tables;
}
