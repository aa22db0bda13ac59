import { isAbsolute, join } from "node:path/posix";
import { Cursor, malformedDwarf } from "./cursor.ts";
import type { LineHeader, LineSections } from "./line-header.ts";

/** More files are no unit's. */
const MOST = 1 << 14;

const DW_LNCT_path = 1;
const DW_LNCT_directory_index = 2;

interface Entry {
  readonly path: string;
  readonly folder: number;
}

/** The paths of a unit's files, by the numbers that its program uses. @throws {MalformedError} */
export function readFileNames(sections: LineSections, header: LineHeader): readonly string[] {
  const cursor = new Cursor(sections.lines, sections.littleEndian, header.tables, header.program);
  return header.version >= 5 ? readTables(sections, header, cursor) : readLists(cursor);
}

/** Up to version 4: folders, then files, both counted from 1. Folder 0 is where the compiler ran, which is said elsewhere. */
function readLists(cursor: Cursor): readonly string[] {
  const folders = [""];
  for (let name = cursor.text(); name !== "" && folders.length < MOST; name = cursor.text())
    folders.push(name);
  const files = [""];
  for (let name = cursor.text(); name !== "" && files.length < MOST; name = cursor.text()) {
    const folder = cursor.uleb();
    // When it was changed, and its size.
    cursor.uleb();
    cursor.uleb();
    files.push(inFolder(folders[folder] ?? "", name));
  }
  return files;
}

/** Version 5 says what its entries consist of. Both tables are counted from 0; folder 0 is where the compiler ran. */
function readTables(sections: LineSections, header: LineHeader, cursor: Cursor): readonly string[] {
  const folders = readTable(sections, header, cursor).map(({ path }) => path);
  const [home = ""] = folders;
  return readTable(sections, header, cursor).map(({ path, folder }) =>
    inFolder(inFolder(home, folders[folder] ?? ""), path),
  );
}

function readTable(sections: LineSections, header: LineHeader, cursor: Cursor): Entry[] {
  const format = Array.from({ length: cursor.u8() }, () => ({ what: cursor.uleb(), form: cursor.uleb() }));
  const count = cursor.uleb();
  if (count > MOST || (count > 0 && format.length === 0)) throw malformedDwarf(`${count} files in one unit`);
  return Array.from({ length: count }, () => {
    let path = "";
    let folder = 0;
    for (const { what, form } of format) {
      const value = readForm(sections, header, cursor, form);
      if (what === DW_LNCT_path && typeof value === "string") path = value;
      if (what === DW_LNCT_directory_index && typeof value === "number") folder = value;
    }
    return { path, folder };
  });
}

/** A value in one of the forms that DWARF 5 allows here (6.2.4.1). Names outside of .debug_line_str stay unknown. */
function readForm(
  { names, littleEndian }: LineSections,
  { offsetSize }: LineHeader,
  cursor: Cursor,
  form: number,
): string | number {
  switch (form) {
    case 0x08: // DW_FORM_string
      return cursor.text();
    case 0x1f: // DW_FORM_line_strp
      return new Cursor(names, littleEndian, cursor.unsigned(offsetSize)).text();
    case 0x0b: // DW_FORM_data1
    case 0x25: // DW_FORM_strx1
      return cursor.u8();
    case 0x05: // DW_FORM_data2
    case 0x26: // DW_FORM_strx2
      return cursor.u16();
    case 0x06: // DW_FORM_data4
    case 0x28: // DW_FORM_strx4
      return cursor.u32();
    case 0x07: // DW_FORM_data8
      return cursor.u64();
    case 0x0e: // DW_FORM_strp
    case 0x17: // DW_FORM_sec_offset
    case 0x1d: // DW_FORM_strp_sup
      return cursor.unsigned(offsetSize);
    case 0x0f: // DW_FORM_udata
    case 0x1a: // DW_FORM_strx
      return cursor.uleb();
    case 0x1e: // DW_FORM_data16
      return cursor.skip(16);
    case 0x09: // DW_FORM_block
      return cursor.skip(cursor.uleb());
    case 0x0a: // DW_FORM_block1
      return cursor.skip(cursor.u8());
    default:
      throw malformedDwarf(`a form 0x${form.toString(16)} in a table of files`);
  }
}

function inFolder(folder: string, path: string): string {
  if (path === "" || isAbsolute(path) || folder === "") return path === "" ? folder : path;
  return join(folder, path);
}
