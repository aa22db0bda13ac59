import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/types.ts";
import { STT_FUNC } from "../elf/constants.ts";
import type { ElfSection } from "../elf/elf-file.ts";
import { type MalformedError, NotImplementedError } from "../errors.ts";
import { type MapDefinition, readMapDefinition } from "./map-definition.ts";
import { BPF_MAP_TYPE_PROG_ARRAY } from "./map-types.ts";
import { malformedObject, type ObjectFile, type ObjectRelocation } from "./object-file.ts";
import type { MapSpec, ProgramSpec } from "./object-spec.ts";
import { addendAt, pointersIn } from "./pointers.ts";

const POINTER_SIZE = 8;

/** A map and the place of its definition in `.maps`, by which relocations name it. */
export interface PlacedMap {
  readonly offset: number;
  readonly size: number;
  readonly spec: MapSpec;
}

/**
 * The maps of `.maps`, in order of place.
 * @throws {MalformedError}
 * @throws {NotImplementedError} for maps without BTF, which libbpf 1.0 dropped too
 */
export function readBtfMaps(file: ObjectFile, btf: Btf | undefined): PlacedMap[] {
  if (file.sectionNamed("maps")) {
    throw new NotImplementedError(
      'object: maps in SEC("maps") are no longer supported',
      'Declare them as BTF maps: struct { __uint(type, ...); } name SEC(".maps").',
    );
  }
  const [section] = file.sectionsOf("maps");
  if (!section) return [];
  if (!btf) {
    throw new NotImplementedError("object: maps in .maps need BTF, and there is none", "Compile with -g.");
  }
  const definitions = readDefinitions(btf, section);
  return addSlots(file, section, definitions);
}

interface PlacedDefinition extends MapDefinition {
  readonly offset: number;
  readonly size: number;
}

function readDefinitions(btf: Btf, section: ElfSection): PlacedDefinition[] {
  const id = btf.find(section.name, BtfKind.Datasec);
  const datasec = id === undefined ? undefined : btf.type(id);
  if (datasec?.kind !== BtfKind.Datasec) throw malformedObject(`BTF does not describe ${section.name}`);
  const names = new Set<string>();
  return datasec.variables.map(({ typeId, offset, size }) => {
    const variable = btf.type(typeId);
    if (variable.kind !== BtfKind.Var)
      throw malformedObject(`type ${typeId} in ${section.name} is no variable`);
    if (names.has(variable.name)) throw malformedObject(`two maps are called ${variable.name}`);
    names.add(variable.name);
    return { ...readMapDefinition(btf, variable.name, variable.typeId), offset, size };
  });
}

/** Fills in `.values = { … }`: each pointer in the definition is relocated to a map or a program. */
function addSlots(
  file: ObjectFile,
  section: ElfSection,
  definitions: readonly PlacedDefinition[],
): PlacedMap[] {
  const pointers = pointersIn(definitions, file.relocationsOf(section));
  for (const { offset } of pointers.stray)
    throw malformedObject(`byte ${offset} of .maps is relocated, but belongs to no map`);
  const mapAt = new Map(definitions.map(({ offset, spec }) => [offset, spec.name]));
  return definitions.map((definition) => {
    const { offset, size, spec } = definition;
    const slots = pointers
      .of(definition)
      .map((relocation) => slotOf(file, section, mapAt, definition, relocation));
    return { offset, size, spec: { ...spec, slots } };
  });
}

/** Tail calls lead to programs: global functions with a SEC() of their own. */
function noProgram(index: number, map: string, name: string): MalformedError {
  return malformedObject(
    `value ${index} of map ${map} is ${name || "a static function"}, which is no program`,
    "Only global functions with a SEC() of their own can be called through a program array.",
  );
}

/**
 * Programs are known after the maps that their code refers to.
 * @throws {MalformedError} for a value of a program array that is no program
 */
export function checkProgramSlots(maps: readonly MapSpec[], programs: readonly ProgramSpec[]): void {
  const names = new Set(programs.map(({ name }) => name));
  for (const map of maps) {
    for (const { kind, index, name } of map.slots) {
      if (kind === "program" && !names.has(name)) throw noProgram(index, map.name, name);
    }
  }
}

function slotOf(
  file: ObjectFile,
  section: ElfSection,
  mapAt: ReadonlyMap<number, string>,
  { offset, spec, valuesOffset }: PlacedDefinition,
  relocation: ObjectRelocation,
): MapSpec["slots"][number] {
  const within = valuesOffset === undefined ? -1 : relocation.offset - offset - valuesOffset;
  if (within < 0 || within % POINTER_SIZE !== 0) {
    throw malformedObject(
      `byte ${relocation.offset} of .maps is relocated, but map ${spec.name} has no value there`,
    );
  }
  const index = within / POINTER_SIZE;
  const { symbol } = relocation;
  if (spec.type === BPF_MAP_TYPE_PROG_ARRAY) {
    if (symbol.type !== STT_FUNC || file.roleOf(symbol.sectionIndex) !== "code") {
      throw noProgram(index, spec.name, symbol.name);
    }
    return { index, kind: "program", name: symbol.name };
  }
  const target = symbol.value + addendAt(file, section, relocation.offset);
  const name = mapAt.get(target);
  if (symbol.sectionIndex !== section.index || name === undefined) {
    throw malformedObject(`value ${index} of map ${spec.name} is ${symbol.name}, which is no map`);
  }
  return { index, kind: "map", name };
}
