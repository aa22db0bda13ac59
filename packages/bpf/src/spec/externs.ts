import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { SHN_UNDEF, STB_GLOBAL, STB_WEAK } from "../elf/constants.ts";
import { malformedObject, type ObjectFile } from "./object-file.ts";
import type { ExternSpec } from "./object-spec.ts";

/** How BTF declares a name that the object does not define. */
interface Declaration {
  readonly id: number;
  readonly section: ".kconfig" | ".ksyms";
}

/**
 * The undefined symbols that BTF declares in `.kconfig` or `.ksyms`, in libbpf's order, so that the same object has the same
 * layout and the same numbers whoever loads it: options, the most aligned first, then the smallest; symbols; each by name.
 * @throws {MalformedError}
 */
export function readExterns(file: ObjectFile, btf: Btf | undefined): ExternSpec[] {
  if (!btf) return [];
  const declarations = readDeclarations(btf);
  const externs = new Map<string, ExternSpec>();
  for (const { name, sectionIndex, binding } of file.symbols) {
    if (sectionIndex !== SHN_UNDEF || (binding !== STB_GLOBAL && binding !== STB_WEAK)) continue;
    const declaration = declarations.get(name);
    if (declaration) externs.set(name, externOf(btf, name, declaration, binding === STB_WEAK));
  }
  return [...externs.values()].sort(
    (a, b) =>
      Number(b.source === "kconfig") - Number(a.source === "kconfig") ||
      b.alignment - a.alignment ||
      a.size - b.size ||
      (a.name < b.name ? -1 : 1),
  );
}

function readDeclarations(btf: Btf): Map<string, Declaration> {
  const declarations = new Map<string, Declaration>();
  for (const section of [".kconfig", ".ksyms"] as const) {
    for (const datasecId of btf.idsOf(section, BtfKind.Datasec)) {
      const datasec = btf.type(datasecId);
      if (datasec.kind !== BtfKind.Datasec) continue;
      for (const { typeId: id } of datasec.variables) declarations.set(btf.nameOf(id), { id, section });
    }
  }
  return declarations;
}

function externOf(btf: Btf, name: string, { id, section }: Declaration, weak: boolean): ExternSpec {
  const declared = btf.type(id);
  if (declared.kind === BtfKind.Func && section === ".ksyms") {
    return { name, source: "kfunc", typeId: declared.typeId, btfId: id, weak, size: 0, alignment: 1 };
  }
  if (declared.kind !== BtfKind.Var)
    throw malformedObject(`extern ${name} is neither a variable nor a function`);
  if (section === ".ksyms") {
    const typeless = btf.skipModifiers(declared.typeId).kind === BtfKind.Void;
    const typeId = typeless ? 0 : declared.typeId;
    return { name, source: "ksym", typeId, btfId: id, weak, size: 0, alignment: 1 };
  }
  const size = btf.sizeOf(declared.typeId);
  const alignment = btf.alignmentOf(declared.typeId);
  if (size === 0) throw malformedObject(`kernel option ${name} has no size`);
  return { name, source: "kconfig", typeId: declared.typeId, btfId: id, weak, size, alignment };
}
