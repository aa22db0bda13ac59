import { Cursor, malformedDwarf } from "./cursor.ts";

/** What the line tables of a file are made of. */
export interface LineSections {
  /** `.debug_line`. */
  readonly lines: Uint8Array;
  /** `.debug_line_str`: names that units of version 5 share. */
  readonly names: Uint8Array;
  readonly littleEndian: boolean;
}

/** The head of a unit's line program (DWARF 5, 6.2.4), as far as running it takes. */
export interface LineHeader {
  readonly version: number;
  /** Of the first instruction. */
  readonly program: number;
  readonly end: number;
  readonly minimumInstruction: number;
  readonly lineBase: number;
  readonly lineRange: number;
  /** How many operands each standard instruction has, from 1 on. */
  readonly operands: readonly number[];
  /** Of the names of folders and files. */
  readonly tables: number;
  /** Offsets have 4 or 8 bytes. */
  readonly offsetSize: number;
}

/** @returns the unit's head; undefined for a version nobody has written yet @throws {MalformedError} */
export function readLineHeader(sections: LineSections, at: number): { header?: LineHeader; next: number } {
  const cursor = new Cursor(sections.lines, sections.littleEndian, at);
  let length = cursor.u32();
  const offsetSize = length === 0xffff_ffff ? 8 : 4;
  if (offsetSize === 8) length = cursor.u64();
  const start = cursor.at;
  const next = cursor.skip(length) + length;
  cursor.at = start;
  const version = cursor.u16();
  if (version < 2 || version > 5) return { next };
  // Sizes of addresses and of segment selectors.
  if (version >= 5) cursor.skip(2);
  const program = cursor.unsigned(offsetSize) + cursor.at;
  const minimumInstruction = cursor.u8();
  // Operations in an instruction: more than one only where instructions are very long words.
  if (version >= 4) cursor.skip(1);
  cursor.skip(1);
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const first = cursor.u8();
  if (lineRange === 0 || first === 0) throw malformedDwarf(`a line program at ${at} without a range`);
  const operands = [0];
  while (operands.length < first) operands.push(cursor.u8());
  if (program > next) throw malformedDwarf(`a line program at ${at} begins behind its end`);
  const header = {
    version,
    program,
    end: next,
    minimumInstruction,
    lineBase,
    lineRange,
    operands,
    tables: cursor.at,
    offsetSize,
  };
  return { header, next };
}
