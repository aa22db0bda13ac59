import { malformedBtf } from "./malformed.ts";
import { fromWords, toWords } from "./sections.ts";

const MAGIC = 0xeb9f;
const MIN_HEADER = 24;
/**
 * The sections of `.BTF.ext`: where the header gives offset and length (in words), the least words of a
 * record, and which of them are type ids and string offsets (include/uapi/linux/bpf.h, bpf_func_info,
 * bpf_line_info, bpf_core_relo).
 */
const SECTIONS = [
  { name: "func_info", field: 2, least: 2, types: [1], strings: [] },
  { name: "line_info", field: 4, least: 4, types: [], strings: [1, 2] },
  { name: "core_relo", field: 6, least: 4, types: [1], strings: [2] },
] as const;

/** What `.BTF.ext` refers to in `.BTF`. */
export interface BtfExtReferences {
  readonly typeIds: ReadonlySet<number>;
  readonly stringOffsets: ReadonlySet<number>;
}

/** Collects every type id and string offset of a `.BTF.ext` section. @throws {MalformedError} */
export function btfExtReferences(ext: Uint8Array): BtfExtReferences {
  const typeIds = new Set<number>();
  const stringOffsets = new Set<number>();
  const { words } = readWords(ext);
  eachReference(words, (at, refersTo) => {
    (refersTo === "type" ? typeIds : stringOffsets).add(words[at]!);
  });
  return { typeIds, stringOffsets };
}

/**
 * A `.BTF.ext` section after its `.BTF` was renumbered: a copy with every type id and string offset replaced.
 * @throws {MalformedError}
 */
export function rewriteBtfExt(
  ext: Uint8Array,
  renumber: { typeId(id: number): number; stringOffset(offset: number): number },
): Uint8Array {
  const { words, littleEndian } = readWords(ext);
  const renumbered = Uint32Array.from(words);
  eachReference(words, (at, refersTo) => {
    const old = words[at]!;
    renumbered[at] = refersTo === "type" ? renumber.typeId(old) : renumber.stringOffset(old);
  });
  return fromWords(renumbered, littleEndian);
}

/** All of `.BTF.ext` as words; the first holds magic, version and flags and is never touched. */
function readWords(ext: Uint8Array): { readonly words: Uint32Array; readonly littleEndian: boolean } {
  if (ext.length < MIN_HEADER || ext.length % 4 !== 0) {
    throw malformedBtf(`.BTF.ext has ${ext.length} bytes, not a multiple of 4 from ${MIN_HEADER} on`);
  }
  const littleEndian = ext[0] === (MAGIC & 0xff) && ext[1] === MAGIC >> 8;
  if (!littleEndian && !(ext[1] === (MAGIC & 0xff) && ext[0] === MAGIC >> 8)) {
    throw malformedBtf(".BTF.ext does not begin with 0xeb9f");
  }
  return { words: toWords(ext, littleEndian), littleEndian };
}

function eachReference(
  words: Uint32Array,
  visit: (position: number, refersTo: "type" | "string") => void,
): void {
  const header = words[1]!;
  if (header < MIN_HEADER || header % 4 !== 0 || header / 4 > words.length) {
    throw malformedBtf(`.BTF.ext header length ${header} does not fit ${words.length * 4} bytes`);
  }
  for (const section of SECTIONS) {
    if (header < section.field * 4 + 8) continue;
    const body = words.length * 4 - header;
    const offset = words[section.field]!;
    const length = words[section.field + 1]!;
    if (length === 0) continue;
    if (offset % 4 !== 0 || length % 4 !== 0 || offset > body || length > body - offset) {
      throw malformedBtf(`${section.name} at ${offset}, ${length} bytes long, leaves .BTF.ext`);
    }
    const from = (header + offset) / 4;
    walkSection(words, from, from + length / 4, section, visit);
  }
}

/** `rec_size`, then for each ELF section its name, a count, and that many records. */
function walkSection(
  words: Uint32Array,
  from: number,
  end: number,
  section: (typeof SECTIONS)[number],
  visit: (position: number, refersTo: "type" | "string") => void,
): void {
  const recordSize = words[from]!;
  if (recordSize % 4 !== 0 || recordSize < section.least * 4) {
    throw malformedBtf(
      `${section.name} records of ${recordSize} bytes, at least ${section.least * 4} expected`,
    );
  }
  const step = recordSize / 4;
  for (let at = from + 1; at < end; ) {
    if (end - at < 2) throw malformedBtf(`${section.name} ends inside a section header`);
    visit(at, "string");
    const count = words[at + 1]!;
    at += 2;
    if (count > (end - at) / step) throw malformedBtf(`${section.name} of ${count} records is cut off`);
    for (let left = count; left > 0; left--, at += step) {
      for (const position of section.types) visit(at + position, "type");
      for (const position of section.strings) visit(at + position, "string");
    }
  }
}
