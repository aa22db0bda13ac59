import { Cursor } from "./cursor.ts";
import type { LineHeader, LineSections } from "./line-header.ts";

/** What a row of the table says: from `address` to the address of the next row. */
export interface LineRow {
  address: number;
  file: number;
  line: number;
  column: number;
}

/**
 * Runs a line program (DWARF 5, 6.2.5) from `at`, where a sequence begins, to the end of that sequence.
 * @param onRow called with each row, the same object each time; the last call is the first address behind the sequence
 * @returns where the next sequence begins; undefined behind the last one
 * @throws {MalformedError}
 */
export function runSequence(
  { lines, littleEndian }: LineSections,
  { end, minimumInstruction, lineBase, lineRange, operands }: LineHeader,
  at: number,
  onRow: (row: LineRow, isEnd: boolean) => void,
): number | undefined {
  const cursor = new Cursor(lines, littleEndian, at, end);
  const firstSpecial = operands.length;
  const row: LineRow = { address: 0, file: 1, line: 1, column: 0 };
  while (cursor.at < cursor.end) {
    const opcode = cursor.u8();
    if (opcode >= firstSpecial) {
      const adjusted = opcode - firstSpecial;
      row.address += Math.floor(adjusted / lineRange) * minimumInstruction;
      row.line += lineBase + (adjusted % lineRange);
      onRow(row, false);
      continue;
    }
    switch (opcode) {
      case 0: {
        const length = cursor.uleb();
        const next = cursor.skip(length) + length;
        cursor.at = next - length;
        const extended = length === 0 ? 0 : cursor.u8();
        if (extended === 1) {
          onRow(row, true);
          return next;
        }
        if (extended === 2) row.address = cursor.unsigned(length - 1);
        cursor.at = next;
        break;
      }
      case 1: // DW_LNS_copy
        onRow(row, false);
        break;
      case 2: // DW_LNS_advance_pc
        row.address += cursor.uleb() * minimumInstruction;
        break;
      case 3: // DW_LNS_advance_line
        row.line += cursor.sleb();
        break;
      case 4: // DW_LNS_set_file
        row.file = cursor.uleb();
        break;
      case 5: // DW_LNS_set_column
        row.column = cursor.uleb();
        break;
      case 8: // DW_LNS_const_add_pc
        row.address += Math.floor((255 - firstSpecial) / lineRange) * minimumInstruction;
        break;
      case 9: // DW_LNS_fixed_advance_pc
        row.address += cursor.u16();
        break;
      default:
        for (let count = operands[opcode] ?? 0; count > 0; count--) cursor.uleb();
    }
  }
  return undefined;
}
