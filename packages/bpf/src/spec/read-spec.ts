import { Btf } from "../btf/btf.ts";
import { textOfBytes } from "../codec/text.ts";
import { ByteView } from "../elf/byte-view.ts";
import { readBtfExt } from "./btf-ext.ts";
import { checkProgramSlots, readBtfMaps } from "./btf-maps.ts";
import { kconfigMap, readDataMaps } from "./data-sections.ts";
import { readExterns } from "./externs.ts";
import { fixDatasecs } from "./fix-datasecs.ts";
import { functionKeyText } from "./function-key.ts";
import { readFunctions } from "./functions.ts";
import { malformedObject, ObjectFile } from "./object-file.ts";
import type { MapSpec, ObjectSpec } from "./object-spec.ts";
import { readStructOps } from "./struct-ops.ts";

export interface ReadSpecOptions {
  /** Name of the object, the beginning of the names of its data maps. `object` unless given. */
  readonly name?: string;
}

/**
 * Reads a BPF object file (`clang -target bpf -c`, of either byte order) as a plain description. Neither the machine nor
 * its kernel has a say in the result.
 * @throws {MalformedError} when the file contradicts itself
 * @throws {NotImplementedError} when it uses what this library does not do
 * @throws {InvalidArgumentError} when it is another kind of ELF file
 */
export function readSpec(bytes: Uint8Array, options: ReadSpecOptions = {}): ObjectSpec {
  const name = options.name ?? "object";
  const file = new ObjectFile(bytes);
  const btf = readBtf(file);
  const btfExt = btf && file.dataOf(".BTF.ext");
  const externs = readExterns(file, btf);
  const placedMaps = readBtfMaps(file, btf);
  const dataMaps = readDataMaps(file, btf, name);
  const { programs, subprograms } = readFunctions(
    file,
    btf,
    btf && btfExt ? readBtfExt(btfExt, btf) : new Map(),
    {
      mapAt: new Map(placedMaps.map(({ offset, spec }) => [offset, spec.name])),
      dataMaps: new Map(
        file.sectionsOf("rodata", "data", "bss").map(({ index }, at) => [index, dataMaps[at]!.name]),
      ),
      externs: new Set(externs.map((extern) => extern.name)),
    },
  );
  checkProgramSlots(
    placedMaps.map(({ spec }) => spec),
    programs,
  );
  const programAt = new Map(
    programs
      .map(
        ({ section, sectionOffset, name }) =>
          [functionKeyText({ section, offset: sectionOffset }), name] as const,
      )
      .reverse(),
  );
  const structOps = readStructOps(file, btf, (place) => programAt.get(functionKeyText(place)));
  const maps = [
    ...placedMaps.map((map) => map.spec),
    ...dataMaps,
    ...kconfigMap(externs, btf, name),
    ...structOps,
  ];
  checkMapNames(maps);
  return {
    name,
    license: readLicense(file),
    kernelVersion: readKernelVersion(file),
    littleEndian: file.littleEndian,
    btf,
    programs,
    subprograms,
    maps,
    externs,
  };
}

function readBtf(file: ObjectFile): Btf | undefined {
  const bytes = file.dataOf(".BTF");
  if (!bytes || bytes.length === 0) return undefined;
  return Btf.parse(fixDatasecs(bytes, file));
}

function readLicense(file: ObjectFile): string {
  return textOfBytes(file.dataOf("license") ?? new Uint8Array(0));
}

function readKernelVersion(file: ObjectFile): number {
  const bytes = file.dataOf("version");
  return bytes ? new ByteView(bytes, file.littleEndian).u32(0, "kernel version") : 0;
}

function checkMapNames(maps: readonly MapSpec[]): void {
  const names = new Set<string>();
  for (const { name } of maps) {
    if (names.has(name)) throw malformedObject(`two maps are called ${name}`);
    names.add(name);
  }
}
