import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { SHT_NOBITS, STB_LOCAL, STT_OBJECT } from "../elf/constants.ts";
import type { ElfSection } from "../elf/elf-file.ts";
import { kernelLetters, MAX_KERNEL_NAME } from "./kernel-name.ts";
import { BPF_F_MMAPABLE, BPF_F_RDONLY_PROG } from "./map-flags.ts";
import { BPF_MAP_TYPE_ARRAY } from "./map-types.ts";
import { malformedObject, type ObjectFile } from "./object-file.ts";
import type { DataSection, ExternSpec, MapSpec, VariableSpec } from "./object-spec.ts";

/** Zeroed memory costs nothing until it is used, but a lying header must not make us ask for it without end. */
const MAX_BSS = 1024 * 1024 * 1024;
/** libbpf always keeps this much of a name for the section, even for `.bss`. */
const LEAST_SUFFIX = 7;

/**
 * The name of the map that holds a global data section: `opensnoo.rodata`, as libbpf composes it. Custom sections such as
 * `.data.hot` keep their own name.
 */
function dataMapName(objectName: string, section: string): string {
  if (/^\.(rodata|data|bss)\../.test(section)) return section;
  const suffix = section.slice(0, MAX_KERNEL_NAME);
  const prefix = objectName.slice(0, MAX_KERNEL_NAME - Math.max(LEAST_SUFFIX, suffix.length));
  return kernelLetters(prefix + suffix);
}

/** One map for each section of global data, in ELF order. @throws {MalformedError} */
export function readDataMaps(file: ObjectFile, btf: Btf | undefined, objectName: string): MapSpec[] {
  const datasecs = datasecsByName(btf);
  let zeroed = 0;
  return file.sectionsOf("rodata", "data", "bss").map((section) => {
    if (section.type === SHT_NOBITS) zeroed += section.size;
    if (zeroed > MAX_BSS) {
      throw malformedObject(
        `${section.name} and others want ${zeroed} bytes of zeroes`,
        "Put what is that large into a map.",
      );
    }
    const data: DataSection = {
      section: section.name,
      readOnly: file.roleOf(section.index) === "rodata",
      initial: section.type === SHT_NOBITS ? new Uint8Array(section.size) : file.elf.data(section).slice(),
      variables: btf
        ? readVariables(btf, section, datasecs.get(section.name))
        : symbolVariables(file, section),
      typeId: datasecs.get(section.name) ?? 0,
    };
    return dataMap(dataMapName(objectName, section.name), data);
  });
}

/** The map of the object's `.kconfig` externs, in their order; none without any. */
export function kconfigMap(
  externs: readonly ExternSpec[],
  btf: Btf | undefined,
  objectName: string,
): MapSpec[] {
  const options = externs.filter((extern) => extern.source === "kconfig");
  if (options.length === 0) return [];
  let end = 0;
  const variables = options.map(({ name, typeId, size, alignment }): VariableSpec => {
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + size;
    return { name, offset, size, typeId, linkage: "global" };
  });
  if (end > MAX_BSS) throw malformedObject(`kernel options of ${end} bytes`);
  const typeId = btf?.find(".kconfig", BtfKind.Datasec) ?? 0;
  const initial = new Uint8Array(end);
  const data: DataSection = { section: ".kconfig", readOnly: true, initial, variables, typeId };
  return [dataMap(dataMapName(objectName, ".kconfig"), data)];
}

function dataMap(name: string, data: DataSection): MapSpec {
  // A section of nothing but statics, such as string literals, is no one's to map.
  const typed = data.typeId !== 0;
  const mappable = typed && data.variables.some((variable) => variable.linkage === "global");
  return {
    name,
    type: BPF_MAP_TYPE_ARRAY,
    keySize: 4,
    valueSize: data.initial.length,
    maxEntries: 1,
    flags: (data.readOnly ? BPF_F_RDONLY_PROG : 0) | (mappable ? BPF_F_MMAPABLE : 0),
    numaNode: undefined,
    mapExtra: 0n,
    keyTypeId: 0,
    valueTypeId: data.typeId,
    pinByName: false,
    inner: undefined,
    slots: [],
    data,
    structOps: undefined,
  };
}

/** What the symbols tell of the variables of an object without BTF: names and places, no types. */
function symbolVariables(file: ObjectFile, section: ElfSection): VariableSpec[] {
  return file
    .symbolsOf(section)
    .filter(({ type }) => type === STT_OBJECT)
    .filter(({ value, size }) => value <= section.size && size <= section.size - value)
    .sort((a, b) => a.value - b.value)
    .map(({ name, value, size, binding }) => {
      const linkage = binding === STB_LOCAL ? "static" : "global";
      return { name, offset: value, size, typeId: 0, linkage };
    });
}

/** The first DATASEC of each name. */
function datasecsByName(btf: Btf | undefined): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  if (btf === undefined) return ids;
  for (let id = btf.endId - 1; id >= btf.startId; id--)
    if (btf.kind(id) === BtfKind.Datasec) ids.set(btf.nameOf(id), id);
  return ids;
}

/** The variables that BTF lists for a section; their order and bounds were seen to by `fixDatasecs`. */
function readVariables(btf: Btf, section: ElfSection, id: number | undefined): VariableSpec[] {
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== BtfKind.Datasec) return [];
  return datasec.variables.map(({ typeId, offset, size }) => {
    const variable = btf.type(typeId);
    if (variable.kind !== BtfKind.Var) {
      throw malformedObject(`${section.name} lists type ${typeId}, which is no variable`);
    }
    const linkage = variable.linkage === "static" ? "static" : "global";
    return { name: variable.name, offset, size, typeId: variable.typeId, linkage };
  });
}
