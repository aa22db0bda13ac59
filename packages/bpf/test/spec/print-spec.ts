import { mapTypeName } from "../../src/spec/map-types.ts";
import type {
  FunctionSpec,
  MapSpec,
  ObjectSpec,
  ProgramSpec,
  Relocation,
} from "../../src/spec/object-spec.ts";
import { attachTypeName, programTypeName } from "../../src/spec/program-types.ts";

/** A spec as text for golden files: no type ids and no offsets into the BTF strings, which compilers choose freely. */
export function printSpec(spec: ObjectSpec): string {
  const order = spec.littleEndian ? "little-endian" : "big-endian";
  const head = `object ${spec.name} license "${spec.license}" version ${spec.kernelVersion} ${order}`;
  return [
    head,
    ...spec.programs.flatMap((program) => [printProgram(program), ...printFunction(spec, program)]),
    ...spec.subprograms.flatMap((fn) => [`subprogram ${place(fn)}`, ...printFunction(spec, fn)]),
    ...spec.maps.flatMap((map) => printMap(spec, map)),
    ...spec.externs.map(
      ({ name, source, weak, size, alignment, typeId }) =>
        `extern ${source} ${name}: ${typeName(spec, typeId)}${weak ? " weak" : ""} size ${size} alignment ${alignment}`,
    ),
    "",
  ].join("\n");
}

const place = (fn: FunctionSpec) =>
  `${fn.name} in ${fn.section} at ${fn.sectionOffset} ${fn.linkage}: ${fn.instructions.length} slots`;

function printProgram(program: ProgramSpec): string {
  const attach = program.attachType === undefined ? "" : ` ${attachTypeName(program.attachType)}`;
  const target = program.target === undefined ? "" : ` target ${program.target}`;
  const link = program.definition?.link ?? "none";
  const more = `${program.flags ? ` flags ${program.flags}` : ""}${program.autoload ? "" : " no autoload"}`;
  return `program ${place(program)}, ${programTypeName(program.type)}${attach}${target} link ${link}${more}`;
}

function printFunction(spec: ObjectSpec, fn: FunctionSpec): string[] {
  return [
    ...fn.relocations.map((relocation) => `  ${relocation.insn}: ${printRelocation(relocation)}`),
    ...fn.coreRelocations.map(
      ({ insn, typeId, access, kind }) => `  ${insn}: core ${kind} ${typeName(spec, typeId)} ${access}`,
    ),
    ...fn.funcInfo.map(({ insn, typeId }) => `  ${insn}: func ${typeName(spec, typeId)}`),
  ];
}

function printRelocation(relocation: Relocation): string {
  switch (relocation.kind) {
    case "map":
      return `map ${relocation.map}`;
    case "map-value":
      return `map-value ${relocation.map}+${relocation.offset}`;
    case "call":
    case "function":
      return `${relocation.kind} ${relocation.target.section}+${relocation.target.offset}`;
    case "extern":
    case "extern-call":
      return `${relocation.kind} ${relocation.name}`;
  }
}

function printMap(spec: ObjectSpec, map: MapSpec, indent = ""): string[] {
  const { keySize, valueSize, maxEntries, flags, mapExtra, numaNode, pinByName } = map;
  const types = `${typeName(spec, map.keyTypeId)} -> ${typeName(spec, map.valueTypeId)}`;
  return [
    `${indent}map ${map.name}: ${mapTypeName(map.type)} key ${keySize} value ${valueSize} entries ${maxEntries} flags ${flags}` +
      ` extra ${mapExtra} numa ${numaNode}${pinByName ? " pinned by name" : ""}; ${types}`,
    ...(map.inner ? printMap(spec, map.inner, `${indent}  `) : []),
    ...map.slots.map(({ index, kind, name }) => `${indent}  [${index}] ${kind} ${name}`),
    ...(map.data?.variables ?? []).map(
      ({ name, offset, size, typeId, linkage }) =>
        `${indent}  ${linkage} ${name}: ${typeName(spec, typeId)} at ${offset} size ${size} = ` +
        Buffer.from(map.data!.initial.slice(offset, offset + size)).toString("hex"),
    ),
    ...(map.structOps?.programs ?? []).map(({ offset, name }) => `${indent}  program ${name} at ${offset}`),
  ];
}

function typeName(spec: ObjectSpec, id: number): string {
  if (id === 0 || !spec.btf) return "-";
  return spec.btf.nameOf(id) || "(anonymous)";
}
