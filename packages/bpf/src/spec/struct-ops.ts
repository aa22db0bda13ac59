import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import type { ElfSection } from "../elf/elf-file.ts";
import { NotImplementedError } from "../errors.ts";
import { BPF_F_LINK } from "./map-flags.ts";
import { BPF_MAP_TYPE_STRUCT_OPS } from "./map-types.ts";
import { malformedObject, type ObjectFile, type ObjectRelocation } from "./object-file.ts";
import type { FunctionKey, MapSpec, StructOpsSpec } from "./object-spec.ts";
import { addendAt, pointersIn } from "./pointers.ts";

/**
 * One map for each variable of `.struct_ops` and `.struct_ops.link`. `programAt` names the program that begins at a place.
 * @throws {MalformedError}
 */
export function readStructOps(
  file: ObjectFile,
  btf: Btf | undefined,
  programAt: (place: FunctionKey) => string | undefined,
): MapSpec[] {
  return file.sectionsOf("struct_ops").flatMap((section) => {
    if (!btf)
      throw new NotImplementedError(
        `object: ${section.name} needs BTF, and there is none`,
        "Compile with -g.",
      );
    return readSection(file, btf, section, programAt);
  });
}

function readSection(
  file: ObjectFile,
  btf: Btf,
  section: ElfSection,
  programAt: (place: FunctionKey) => string | undefined,
): MapSpec[] {
  const id = btf.find(section.name, BtfKind.Datasec);
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== BtfKind.Datasec) throw malformedObject(`BTF does not describe ${section.name}`);
  const data = file.elf.data(section);
  const programOf = ({ offset, symbol }: ObjectRelocation): string => {
    const place = {
      section: file.roleOf(symbol.sectionIndex) === "code" ? file.sectionAt(symbol.sectionIndex).name : "",
      offset: symbol.value + addendAt(file, section, offset),
    };
    const name = programAt(place);
    if (name === undefined) throw malformedObject(`byte ${offset} of ${section.name} points at no program`);
    return name;
  };
  const pointers = pointersIn(datasec.variables, file.relocationsOf(section));
  return datasec.variables.map((place) => {
    const { typeId, offset, size } = place;
    const variable = btf.type(typeId);
    if (variable.kind !== BtfKind.Var)
      throw malformedObject(`type ${typeId} in ${section.name} is no variable`);
    const type = btf.skipModifiers(variable.typeId);
    if (type.kind !== BtfKind.Struct || type.size > size) {
      throw malformedObject(`${variable.name} in ${section.name} is no struct of ${size} bytes`);
    }
    const linked = section.name.endsWith(".link");
    return structOpsMap(variable.name, linked, {
      typeId: type.id,
      section: linked ? ".struct_ops.link" : ".struct_ops",
      optional: section.name.startsWith("?"),
      image: data.slice(offset, offset + type.size),
      programs: pointers.of(place).map((pointer) => ({
        offset: pointer.offset - offset,
        name: programOf(pointer),
      })),
    });
  });
}

function structOpsMap(name: string, linked: boolean, structOps: StructOpsSpec): MapSpec {
  return {
    name,
    type: BPF_MAP_TYPE_STRUCT_OPS,
    keySize: 4,
    valueSize: structOps.image.length,
    maxEntries: 1,
    flags: linked ? BPF_F_LINK : 0,
    numaNode: undefined,
    mapExtra: 0n,
    keyTypeId: 0,
    valueTypeId: structOps.typeId,
    pinByName: false,
    inner: undefined,
    slots: [],
    data: undefined,
    structOps,
  };
}
