import { readElf } from "@skep/bpf";

/** Contents of a section of an ELF file, undefined when it has no such section. @throws {MalformedError} */
export function sectionBytes(object: Uint8Array, name: string): Uint8Array | undefined {
  const file = readElf(object);
  const section = file.section(name);
  return section === undefined ? undefined : file.data(section);
}
