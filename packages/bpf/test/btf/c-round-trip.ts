import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Btf } from "../../src/btf/btf.ts";
import { CNames } from "../../src/btf/c-names.ts";
import { printC } from "../../src/btf/print-c.ts";
import { type BtfComposite, BtfKind, type BtfType } from "../../src/btf/types.ts";
import { readElf } from "../../src/elf/read-elf.ts";

/** Compiles a C file, next to the given other files, with every warning an error; gives the object's BTF. */
export function compileToBtf(source: string, files: Readonly<Record<string, string>> = {}): Btf {
  const folder = mkdtempSync(join(tmpdir(), "skep-btf-"));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    writeFileSync(join(folder, "main.c"), source);
    const flags = [
      "-target",
      "bpfel",
      "-g",
      "-O2",
      "-Wall",
      "-Werror",
      "-Wno-unused",
      "-c",
      "main.c",
      "-o",
      "main.o",
    ];
    execFileSync("clang", flags, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
    const elf = readElf(new Uint8Array(readFileSync(join(folder, "main.o"))));
    const section = elf.sections.find(({ name }) => name === ".BTF")!;
    return Btf.parse(elf.data(section));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Prints a BTF as C, compiles a variable of each of its named structs and unions, and reports what differs. */
export function roundTrip(btf: Btf): { readonly compared: number; readonly differences: string[] } {
  const names = new CNames(btf);
  const wanted: BtfComposite[] = [];
  for (let id = 1; id < btf.endId; id++) {
    const type = btf.type(id);
    if ((type.kind === BtfKind.Struct || type.kind === BtfKind.Union) && type.name !== "") wanted.push(type);
  }
  const keyword = (type: BtfComposite) => (type.kind === BtfKind.Struct ? "struct" : "union");
  const variables = wanted.map((type) => `${keyword(type)} ${names.tag(type)} v${type.id};\n`);
  const source = `#include "types.h"\nint something;\n${variables.join("")}`;
  const compiled = compileToBtf(source, { "types.h": printC(btf) });
  const differences = wanted.flatMap((type) => {
    const tag = names.tag(type);
    const again = compiled.find(tag, type.kind);
    if (again === undefined) return [`${tag} is missing`];
    return compare(btf, type, compiled, compiled.type(again) as BtfComposite, tag);
  });
  return { compared: wanted.length, differences };
}

function compare(a: Btf, left: BtfComposite, b: Btf, right: BtfComposite, path: string): string[] {
  if (left.size !== right.size) return [`${path} has ${left.size} bytes, then ${right.size}`];
  if (left.members.length !== right.members.length) return [`${path} has ${right.members.length} members`];
  return left.members.flatMap((member, index) => {
    const other = right.members[index]!;
    const place = `${path}.${member.name}`;
    const at = (of: typeof member) => `${of.name} at bit ${of.bitOffset}, ${of.bitSize} wide`;
    if (at(member) !== at(other)) return [`${place}: ${at(member)}, then ${at(other)}`];
    const own = a.skipModifiers(member.typeId);
    const their = b.skipModifiers(other.typeId);
    if (plainKind(own) !== plainKind(their)) return [`${place} is of kind ${own.kind}, then ${their.kind}`];
    if (isComposite(own) && isComposite(their) && own.name === "") return compare(a, own, b, their, place);
    if (UNSIZED.has(own.kind)) return [];
    const [size, again] = [a.sizeOf(own.id), b.sizeOf(their.id)];
    return size === again ? [] : [`${place} has ${size} bytes, then ${again}`];
  });
}

const UNSIZED: ReadonlySet<BtfKind> = new Set([BtfKind.Void, BtfKind.Fwd, BtfKind.Func, BtfKind.FuncProto]);
const isComposite = (type: BtfType): type is BtfComposite =>
  type.kind === BtfKind.Struct || type.kind === BtfKind.Union;
/** clang 14 knows no ENUM64. */
const plainKind = (type: BtfType): BtfKind => (type.kind === BtfKind.Enum64 ? BtfKind.Enum : type.kind);
